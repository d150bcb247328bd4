"""Random orders, killed at random effects and resumed from the journal's file, end as undisturbed.

The interpreter is driven by a function, its effects complete in any order, and each process reads
the journal anew.
"""

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import (
    MONDAY,
    PLACE,
    act,
    answer,
    carousel,
    narrative,
    program,
    send,
    sequence,
)

from botticelli.compiler.ir.expressions import Compare, Literal, Name
from botticelli.compiler.ir.program import Branch, Parallel, Program, Repeat, RunAct, Sequence, Step
from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import (
    AskModel,
    CommandResult,
    Completion,
    Effect,
    Exhaustion,
    Failure,
    Moment,
    ReadClock,
    Result,
    Wait,
)
from botticelli.runtime.events import EventNode
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.interpret import Outcome, interpret
from botticelli.runtime.journal.encoding import decode_result, encode_result
from botticelli.runtime.journal.entries import Completed, Intent
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.journal.replay import replay
from botticelli.runtime.journal.resumption import Scripts, resume
from botticelli.runtime.platforms.protocol import CommandTraits
from botticelli.runtime.problems import SetupError

ACTS = tuple("abcdef")
WORDS = ("yes", "no", "perhaps")

conditions = st.builds(
    lambda name, word: Compare(operator="=", left=Name(name, ()), right=Literal(word)),
    st.sampled_from(ACTS),
    st.sampled_from(WORDS),
)
run_act = st.sampled_from(ACTS).map(lambda name: RunAct(act=name, place=PLACE))


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


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Acts a to c ask a model, d and e send a message, f does both; a carousel around them."""
    acts = [
        act("a", "One {{ iteration }}"),
        act("b", "Two", when=draw(st.none() | conditions)),
        act("c", "{{ previous is defined and previous }}", carousel=carousel(2)),
        act("d", send(content="{{ iteration }}")),
        act("e", send(required=False)),
        act("f", send(), "Three"),
    ]
    repeated = carousel(
        draw(st.integers(1, 3)),
        continue_on_error=draw(st.booleans()),
        every=draw(st.none() | st.just(60.0)),
    )
    return program(narrative(*acts, order=draw(orders), carousel=repeated))


class World:
    """Answers effects by their address alone, and keeps what it was asked."""

    def __init__(self, failing: int) -> None:
        self.performed: list[tuple[str, Result]] = []
        self._failing = failing

    def respond(self, effect: Effect) -> Result:
        result = self._result(effect)
        self.performed.append((str(effect.address), result))
        return result

    def _result(self, effect: Effect) -> Result:
        if isinstance(effect, ReadClock):
            return Moment(MONDAY)
        if isinstance(effect, Wait):
            return Moment(effect.until)
        chance = sha256(str(effect.address).encode()).digest()
        if chance[0] < self._failing:
            return Failure("no")
        word = WORDS[chance[1] % len(WORDS)]
        return answer(word) if isinstance(effect, AskModel) else CommandResult(word)


def flow_of(made: Program) -> Any:
    return interpret(made, default_model="m", variables={}, environment={}, tally=Tally())


def undisturbed(made: Program, failing: int) -> tuple[Outcome, dict[str, Result]]:
    world = World(failing)
    outcome = drive(flow_of(made), None, world, Random(0), None, None)
    assert outcome is not None
    return outcome, dict(world.performed)


def drive(
    flow: Any, batch: Any, world: World, chance: Random, entries: Any, lives: int | None
) -> Outcome | None:
    """Perform effects in random order, and journal them; None when killed after `lives` of them."""
    under_way: list[Effect] = []
    completed: list[Completed] = []
    batch = next(flow) if batch is None else batch
    while True:
        effects = [item for item in batch if not isinstance(item, EventNode)]
        under_way += effects
        if entries is not None:
            intents = [Intent(each, MONDAY, traits(each).writes) for each in effects]
            entries.enter(completed, intents)
        if lives is not None and len(world.performed) >= lives:
            return None
        completion = None
        completed = []
        if under_way:
            effect = under_way.pop(chance.randrange(len(under_way)))
            result = world.respond(effect)
            completion = Completion(effect.address, result)
            completed = [Completed(str(effect.address), result, MONDAY)]
        try:
            batch = flow.send(completion)
        except StopIteration as stop:
            if entries is not None:
                entries.enter(completed, [])
            return stop.value


def traits(effect: Effect) -> CommandTraits:
    return CommandTraits(writes=effect.subject == "discord.messages.send", keyed=True)


def process(folder: Path, made: Program, world: World, chance: Random, lives: int | None) -> Any:
    """Run what is left of the run as a process of its own would; None when it was killed."""
    journal = open_journal(folder, create=True)
    assert journal is not None
    try:
        if not journal.runs():
            record = RunRecord(
                id="run",
                narrative="x",
                source="x",
                driver="x",
                simulated=True,
                started=0.0,
                iterations=1,
            )
            entries = journal.begin(record, made)
            batch, flow = None, flow_of(made)
        else:
            entries = journal.reopen("run")
            scripts = Scripts(now=lambda: flow_of(made), before=None, environment={})
            try:
                found = resume(journal, "run", scripts, traits, MONDAY)
            except SetupError:
                entries.close()
                raise
            assert found.unknown == ()
            flow = flow_of(made)
            replayed = replay(flow, found.recording, on_effect=lambda effect: None)
            if replayed.outcome is not None:
                entries.close()
                return replayed.outcome
            batch = replayed.pending
        try:
            return drive(flow, batch, world, chance, entries, lives)
        finally:
            entries.close()
    finally:
        journal.close()


@settings(max_examples=120, deadline=None)
@given(
    programs(),
    st.lists(st.integers(0, 12), min_size=1, max_size=3),
    st.sampled_from([0, 0, 40]),
    st.integers(0, 1000),
)
def test_a_run_that_is_killed_and_resumed_ends_as_an_undisturbed_one(
    made: Program, kills: list[int], failing: int, seed: int
) -> None:
    whole, expected = undisturbed(made, failing)
    folder = Path(tempfile.mkdtemp())
    seen: list[tuple[str, Result]] = []
    outcome = None
    try:
        for lives in (*kills, None):
            world = World(failing)
            try:
                outcome = process(folder, made, world, Random(seed), lives)
            except SetupError:  # everything was done when it was killed, but for saying so
                outcome = whole
            seen += world.performed
            if outcome is not None:
                break
    finally:
        shutil.rmtree(folder)
    assert outcome is not None
    assert outcome == whole
    assert dict(seen) == expected
    repeated = [address for address, result in seen if not isinstance(result, Failure)]
    assert len(repeated) == len(set(repeated))


RESULTS: list[Result] = [
    answer("Ciao è \U0001f3a8"),
    answer("half of a pair: \ud83c"),
    ModelAnswer(text="", finish="blocked", model="m", usage=None, detail="SAFETY"),
    CommandResult({"id": "1", "many": [1, 2.5, None, True], "large": 2**70}),
    CommandResult(None),
    Moment(1.5),
    Failure("no", unknown=True),
    Exhaustion(limit="rpd", value=10, resets=None, message="used up"),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda each: type(each).__name__)
def test_results_are_read_as_they_were_written(result: Result) -> None:
    assert decode_result(*encode_result(result)) == result


@pytest.mark.parametrize("kind", get_args(Result), ids=lambda each: each.__name__)
def test_every_kind_of_result_can_be_read(kind: Any) -> None:
    with pytest.raises(Exception, match="damaged"):
        decode_result(kind.__name__, b"[]")
