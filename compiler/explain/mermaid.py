"""An explanation as a Mermaid flowchart: steps as they follow each other, and what they touch.

Nodes have names of our own, and labels are quoted with everything but letters, digits and harmless
signs as character references, so that no text of a narrative can become part of the drawing's code:
not even as a directive (`%%{`), which Mermaid looks for anywhere. Lines are written behind all
boxes, since a node belongs to the box in which it is named first.
"""

import json

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.wording import excerpt, repeated
from botticelli.compiler.report.display import visible

_PLAIN = frozenset(" .,!?()[]/+*=_-'|@")
_JOINER = "\u2060"
_LONGEST = 60
"""Characters of a condition or a prompt that a label shows."""


def render(explanation: shown.Explanation) -> str:
    """Return the flowchart, one narrative in a box each where there are several."""
    return _Chart(explanation).draw()


def label(text: str) -> str:
    """Return a quoted label that shows a text as it is, no icon (`fa:fa-…`) or formula in it."""
    text = "\n".join(map(visible, text.split("\n")))
    text = text.replace("$$", f"${_JOINER}$").replace(":fa-", f":{_JOINER}fa-")
    shown_as = (
        each if each.isalnum() or each in _PLAIN else "<br>" if each == "\n" else f"#{ord(each)};"
        for each in text
    )
    return f'"{"".join(shown_as)}"'


class _End(Struct, frozen=True):
    """A node from which the next step is reached, and what stands at the way there."""

    node: str
    condition: str = ""


class _Chart:
    def __init__(self, explanation: shown.Explanation) -> None:
        self._explanation = explanation
        self._lines: list[str] = []
        self._edges: list[str] = []
        self._depth = 1
        self._count = 0
        self._acts: dict[tuple[str, str], str] = {}
        self._boxes: dict[str, str] = {}

    def draw(self) -> str:
        explanation = self._explanation
        title = json.dumps(explanation.narratives[0].name).replace("%", "\\u0025")
        several = len(explanation.narratives) > 1
        for narrative in explanation.narratives:
            name = self._name("narrative")
            self._boxes[narrative.name] = name
            if several:
                self._open(name, narrative.name)
            ends = [self._start(narrative)]
            self._steps(narrative, narrative.order, ends)
            if several:
                self._close()
        self._calls()
        self._outside()
        head = ["---", f"title: {title}", "---", "flowchart TD"]
        style = ["  classDef writes stroke-width:3px", "  classDef start stroke-dasharray:3"]
        return "\n".join([*head, *self._lines, *self._edges, *style, ""])

    # Lines

    def _line(self, text: str) -> None:
        self._lines.append("  " * self._depth + text)

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _open(self, name: str, title: str) -> None:
        self._line(f"subgraph {name} [{label(title)}]")
        self._depth += 1

    def _close(self) -> None:
        self._depth -= 1
        self._line("end")

    def _join(self, ends: list[_End], node: str) -> None:
        for end in ends:
            arrow = f"-->|{label(end.condition)}|" if end.condition else "-->"
            self._edge(f"{end.node} {arrow} {node}")

    def _edge(self, text: str) -> None:
        self._edges.append(f"  {text}")

    # Steps

    def _start(self, narrative: shown.Narrative) -> _End:
        node = self._name("start")
        starts = self._explanation.starts
        entry = narrative.name == self._explanation.narrative
        said = [narrative.name]
        if narrative.repetition is not None:
            said.append(repeated(narrative.repetition))
        if entry:
            said += [each.schedule or each.webhook or each.name for each in starts]
        self._line(f"{node}([{label(chr(10).join(said))}]):::start")
        return _End(node)

    def _steps(
        self, narrative: shown.Narrative, steps: tuple[shown.AnyStep, ...], ends: list[_End]
    ) -> list[_End]:
        for step in steps:
            ends = self._step(narrative, step, ends)
        return ends

    def _step(
        self, narrative: shown.Narrative, step: shown.AnyStep, ends: list[_End]
    ) -> list[_End]:
        match step:
            case shown.ActStep(act=name):
                return [_End(self._act(narrative, name, ends))]
            case shown.SequenceStep(steps=steps):
                return self._steps(narrative, steps, ends)
            case shown.ParallelStep(steps=steps):
                return [end for each in steps for end in self._step(narrative, each, ends)]
            case shown.IfStep(condition=condition, then=then, otherwise=otherwise):
                node = self._name("if")
                self._line(f"{node}{{{label(excerpt(condition, _LONGEST))}}}")
                self._join(ends, node)
                first = self._steps(narrative, then, [_End(node, "yes")])
                return [*first, *self._steps(narrative, otherwise, [_End(node, "no")])]
            case shown.RepeatStep(repetition=how, steps=steps):
                return self._repeat(narrative, how, steps, ends)

    def _repeat(
        self,
        narrative: shown.Narrative,
        how: shown.Repetition,
        steps: tuple[shown.AnyStep, ...],
        ends: list[_End],
    ) -> list[_End]:
        self._open(self._name("repeat"), repeated(replace(how, until=None)))
        head = self._name("pass")
        self._line(f"{head}(( ))")
        self._join(ends, head)
        ends = self._steps(narrative, steps, [_End(head)])
        if how.until is None:
            for end in ends:
                self._edge(f"{end.node} -. again .-> {head}")
        else:
            node = self._name("until")
            self._line(f"{node}{{{label(excerpt(how.until, _LONGEST))}}}")
            self._join(ends, node)
            self._edge(f"{node} -. no, again .-> {head}")
            ends = [_End(node, "yes, or done")]
        self._close()
        return ends

    def _act(self, narrative: shown.Narrative, name: str, ends: list[_End]) -> str:
        act = next(each for each in narrative.acts if each.name == name)
        node = self._name("act")
        self._acts.setdefault((narrative.name, name), node)
        said = [name]
        if act.model is not None:
            said.append(act.model)
        if act.when is not None:
            said.append(f"only if {excerpt(act.when, _LONGEST)}")
        if act.repetition is not None:
            said.append(repeated(act.repetition))
        shape = {"asks": ("[", "]"), "performs": ("[/", "/]"), "calls": ("[[", "]]")}[act.does]
        self._line(f"{node}{shape[0]}{label(chr(10).join(said))}{shape[1]}")
        self._join(ends, node)
        return node

    # What is outside

    def _calls(self) -> None:
        for narrative in self._explanation.narratives:
            for act in narrative.acts:
                called = [act.calls] if act.calls else []
                called += [each.title for each in act.inputs if each.kind == "narrative"]
                for each in called:
                    node = self._acts[narrative.name, act.name]
                    self._edge(f"{node} -. runs .-> {self._boxes[each]}")

    def _outside(self) -> None:
        nodes: dict[tuple[str, str], str] = {}

        def node(kind: str, name: str, shape: tuple[str, str]) -> str:
            if (kind, name) not in nodes:
                nodes[kind, name] = self._name(kind)
                self._line(f"{nodes[kind, name]}{shape[0]}{label(name)}{shape[1]}")
            return nodes[kind, name]

        for table in self._explanation.tables:
            act = self._acts[table.narrative, table.act]
            at = node("table", table.table, ("[(", ")]"))
            self._edge(f"{act} ==> {at}" if table.does == "writes" else f"{at} -.-> {act}")
        for command in self._explanation.commands:
            act = self._acts[command.narrative, command.act]
            at = node("command", command.command, ("{{", "}}"))
            if command.writes:
                self._edge(f"{act} ==> {at}:::writes")
            else:
                self._edge(f"{at} -.-> {act}")
