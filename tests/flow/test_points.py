"""What the flow analysis calls certain is certain: held against every way through random orders.

A condition is true or false for a whole run, so each assignment of truth to the conditions of an
order is one way through it. The reference walks the order once for each.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from botticelli.compiler.flow.points import follow
from botticelli.compiler.narrative.file import read_narrative_file
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.source import Source
from botticelli.compiler.syntax.toml import read_toml

CONDITIONS = ("x = 1", "y = 1", "z = 1")
ACTS = tuple("abcdef")


def orders(names: list[str]) -> st.SearchStrategy[list[Any]]:
    """Orders in which each act stands at most once."""
    leaf = st.sampled_from(names).map(lambda name: ("act", name))
    node = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda items: ("sequence", items)),
            st.lists(inner, min_size=1, max_size=3).map(lambda items: ("parallel", items)),
            st.tuples(
                st.sampled_from(CONDITIONS),
                st.lists(inner, min_size=1, max_size=2),
                st.lists(inner, min_size=0, max_size=2),
            ).map(lambda parts: ("if", *parts)),
            st.lists(inner, min_size=1, max_size=2).map(lambda items: ("repeat", items)),
        ),
        max_leaves=7,
    )
    return st.lists(node, min_size=1, max_size=4)


def written(step: Any, used: set[str]) -> str | None:
    """The step in TOML, each act where it stands first; None for nothing."""
    kind = step[0]
    if kind == "act":
        if step[1] in used:
            return None
        used.add(step[1])
        return f'"{step[1]}"'
    if kind == "if":
        then, otherwise = (items(part, used) for part in step[2:])
        if then is None:
            return None
        tail = f", else = {otherwise}" if otherwise else ""
        return f'{{ if = "{step[1]}", then = {then}{tail} }}'
    inner = items(step[1], used)
    if inner is None:
        return None
    return {
        "sequence": inner,
        "parallel": f"{{ parallel = {inner} }}",
        "repeat": f"{{ repeat = {inner}, iterations = 2 }}",
    }[kind]


def items(steps: list[Any], used: set[str]) -> str | None:
    texts = [text for step in steps if (text := written(step, used))]
    return f"[{', '.join(texts)}]" if texts else None


def plain(node: Any) -> Any:
    """The order as data, from the document that was read."""
    if hasattr(node, "entries"):
        return {key: plain(value) for key, value in node.entries.items()}
    return [plain(item) for item in node.items] if hasattr(node, "items") else node.value


def walk(
    steps: list[Any], ran: set[str], truth: dict[str, bool], when: dict[str, str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Run an order one way; yield each act that is reached with what ran before it."""
    for step in steps:
        if isinstance(step, str):
            if truth[when[step]] if step in when else True:
                yield step, frozenset(ran)
                ran.add(step)
        elif isinstance(step, list):
            yield from walk(step, ran, truth, when)
        elif "parallel" in step:
            ends = []
            for item in step["parallel"]:
                inside = set(ran)
                yield from walk([item], inside, truth, when)
                ends.append(inside)
            ran.update(*ends)
        elif "if" in step:
            side = step["then"] if truth[step["if"]] else step.get("else", [])
            yield from walk(side, ran, truth, when)
        else:
            # What ran only in the pass before is not certain, so one pass is the whole story.
            yield from walk(step["repeat"], ran, truth, when)


@settings(max_examples=300, deadline=None)
@given(orders(list(ACTS)), st.dictionaries(st.sampled_from(ACTS), st.sampled_from(CONDITIONS)))
def test_certain_means_on_every_way(steps: list[Any], when: dict[str, str]) -> None:
    order = items(steps, set())
    acts = "\n".join(
        f"[acts.{name}]\nprompt = 'p'" + (f'\nwhen = "{when[name]}"' if name in when else "")
        for name in ACTS
    )
    source = Source("a.toml", f"[narrative]\nname = 'n'\n[toc]\norder = {order}\n{acts}\n")
    file = read_narrative_file(read_toml(source), Reporter())
    narrative = file.narratives[0]
    assert narrative.order is not None
    tree = plain(read_toml(source).root.entries["toc"])["order"]

    ways: dict[str, list[frozenset[str]]] = {}
    for values in product((True, False), repeat=len(CONDITIONS)):
        truth = dict(zip(CONDITIONS, values, strict=True))
        for act, before in walk(tree, set(), truth, when):
            ways.setdefault(act, []).append(before)

    for at in follow(narrative, file.acts_of(narrative)).acts:
        name = at.act.name.value
        if name not in ways:  # the conditions around it exclude each other
            continue
        always = frozenset.intersection(*ways[name])
        ever = frozenset.union(*ways[name])
        certain = {other for other in ACTS if at.point.certain(other)}
        assert certain <= always
        assert all(at.point.runs.get(name) for name in ever)
        assert at.point.previous_certain <= all(ways[name])
