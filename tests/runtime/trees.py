"""Random control flow: orders of acts with branches, groups and repetitions, and carousels."""

from typing import Any

from hypothesis import strategies as st
from programs import PLACE, act, carousel, narrative, program, send, sequence, template

from botticelli.compiler.ir.expressions import Compare, Expression, Literal, Name
from botticelli.compiler.ir.program import (
    Branch,
    Parallel,
    Program,
    Repeat,
    RunAct,
    Sequence,
    Step,
    TableInput,
)

ACTS = tuple("abcdef")
TAKERS = tuple("gh")
WORDS = ("yes", "no", "perhaps")

conditions = st.builds(
    lambda name, word: Compare(operator="=", left=Name(name, ()), right=Literal(word)),
    st.sampled_from(ACTS),
    st.sampled_from(WORDS),
)
run_act = st.sampled_from((*ACTS, *TAKERS)).map(lambda name: RunAct(act=name, place=PLACE))


def sequences(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Sequence]:
    return st.lists(steps, min_size=1, max_size=3).map(lambda found: sequence(*found))


def compound(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    bodies = sequences(steps)
    return st.one_of(
        bodies,
        st.lists(bodies, min_size=2, max_size=3).map(
            lambda found: Parallel(steps=tuple(found), place=PLACE)
        ),
        st.builds(
            lambda condition, then, otherwise: Branch(
                condition=condition, then=then, otherwise=otherwise, place=PLACE
            ),
            conditions,
            bodies,
            st.none() | bodies,
        ),
        st.builds(
            lambda body, count, until, history, patient: Repeat(
                body=body,
                carousel=carousel(count, continue_on_error=patient),
                until=until,
                history=history,
                place=PLACE,
            ),
            bodies,
            st.integers(1, 3),
            st.none() | conditions,
            st.sampled_from(["shared", "fresh"]),
            st.booleans(),
        ),
    )


orders = sequences(st.recursive(run_act, compound, max_leaves=8))


def take(acknowledge: str) -> TableInput:
    return TableInput(
        table=template("jobs"),
        names=("queue",),
        consume=True,
        acknowledge=acknowledge,
        place=PLACE,
    )


def with_acts(order: Sequence, when: Expression | None = None, **repeated: Any) -> Program:
    """Acts a to c ask a model, d and e send a message, f does both, g and h take rows from a table;
    a carousel around them."""
    acts = [
        act("a", "One {{ iteration }}"),
        act("b", "Two", when=when),
        act("c", "{{ previous is defined and previous }}", carousel=carousel(2)),
        act("d", send(content="{{ iteration }}")),
        act("e", send(required=False)),
        act("f", send(), "Three"),
        act("g", take("iteration"), "Four"),
        act("h", take("act")),
    ]
    return program(narrative(*acts, order=order, carousel=carousel(**repeated)))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    return with_acts(
        draw(orders),
        when=draw(st.none() | conditions),
        iterations=draw(st.integers(1, 3)),
        continue_on_error=draw(st.booleans()),
        every=draw(st.none() | st.just(60.0)),
    )
