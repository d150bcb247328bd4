"""The flow of narratives as text: every act in its order, what goes into it and where it goes."""

from collections.abc import Iterable, Iterator, Mapping

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.sheet import Sheet
from botticelli.compiler.explain.wording import listed, repeated
from botticelli.compiler.report.colors import BOLD, FRAME, SECONDARY

_LEFT = "  "
_INDENT = 11
_SAID = {"summary": "a line of it stays in the conversation", "drop": "nothing of it stays"}
_TOGETHER = "at the same time, each from the conversation before"

_Way = tuple[str, tuple[shown.AnyStep, ...]]


def write_flow(sheet: Sheet, explanation: shown.Explanation) -> None:
    """Write every narrative's flow, the one that runs first."""
    for narrative in explanation.narratives:
        _Flow(sheet, explanation, narrative).write()


class _Flow:
    def __init__(
        self, sheet: Sheet, explanation: shown.Explanation, narrative: shown.Narrative
    ) -> None:
        self._sheet = sheet
        self._explanation = explanation
        self._narrative = narrative
        self._acts: Mapping[str, shown.Act] = {act.name: act for act in narrative.acts}
        self._numbers = {name: number for number, name in enumerate(self._acts, 1)}
        self._shown: set[str] = set()

    def write(self) -> None:
        sheet, narrative = self._sheet, self._narrative
        entry = narrative.name == self._explanation.narrative
        sheet.blank()
        title = "What runs" if entry else f"What runs in {narrative.name}"
        sheet.line((title, BOLD))
        with sheet.margin(_LEFT):
            if narrative.called_by:
                sheet.words(
                    f"called by {listed(narrative.called_by)}, with a conversation of its own"
                )
            if not entry and narrative.description:
                sheet.words(narrative.description)
            if narrative.repetition is not None:
                sheet.words(repeated(narrative.repetition))
            if narrative.caps:
                sheet.words(
                    f"a run is ended before it uses more than {listed(narrative.caps, 'or')}"
                )
            for each in self._explanation.starts if entry else ():
                sheet.words(_start(each))
            self._steps(narrative.order)

    def _steps(self, steps: tuple[shown.AnyStep, ...]) -> None:
        for step in steps:
            self._sheet.blank()
            match step:
                case shown.ActStep(act=name):
                    self._act(name)
                case shown.SequenceStep(steps=inner):
                    self._steps(inner)
                case shown.ParallelStep(steps=inner):
                    self._block([(_TOGETHER, inner)])
                case shown.IfStep(condition=condition, then=then, otherwise=otherwise):
                    ways = [(f"if {condition}", then)]
                    if otherwise:
                        ways.append(("else", otherwise))
                    self._block(ways)
                case shown.RepeatStep(repetition=how, steps=inner):
                    self._block([(repeated(how), inner)])

    def _block(self, ways: Iterable[_Way]) -> None:
        """Write steps in a frame: one way after another, each with its title."""
        sheet = self._sheet
        for number, (title, steps) in enumerate(ways):
            if number:
                with sheet.margin("│", FRAME):
                    sheet.blank()
            sheet.words(title, head="├ " if number else "╭ ", style=FRAME)
            with sheet.margin("│ ", FRAME):
                self._steps(steps)
        sheet.line(("╰", FRAME))

    def _act(self, name: str) -> None:
        act, sheet = self._acts[name], self._sheet
        number = f"{self._numbers[name]}".rjust(2)
        if name in self._shown:
            sheet.line((f"{number}  ", FRAME), (name, BOLD), "  once more, as above")
            return
        self._shown.add(name)
        sheet.line((f"{number}  ", FRAME), (name, BOLD), f"  {_does(act)}")
        with sheet.margin("    "):
            for head, text in _facts(act, self._narrative):
                sheet.words(text, head=f"{head} ", indent=_INDENT, style=SECONDARY)


def _start(start: shown.Start) -> str:
    ways = []
    if start.schedule is not None:
        ways.append(f"by the schedule {start.schedule}")
    if start.webhook is not None:
        ways.append(f"by a signed call of {start.webhook}")
    return f"started {listed(ways, 'and')} ({start.name})"


def _does(act: shown.Act) -> str:
    match act.does:
        case "asks":
            persona = f" as {act.character}" if act.character else ""
            return f"asks {act.model}{persona}"
        case "calls":
            return f"runs the narrative {act.calls}"
    return "asks no model"


def _facts(act: shown.Act, narrative: shown.Narrative) -> Iterator[tuple[str, str]]:
    if act.when is not None:
        yield "only if", act.when
    if act.repetition is not None:
        yield "repeated", repeated(act.repetition)
    for each in act.inputs:
        said = "; ".join((each.title, *each.details))
        if each.retention in _SAID:
            said += f"; {_SAID[each.retention]}"
        yield _HEADS.get(each.kind, "shows"), said
    names = [
        _origin(each) for each in act.origins if each.kind != "act" or each.name != each.source
    ]
    direct = dict.fromkeys(
        each.source for each in act.origins if each.kind == "act" and each.name == each.source
    )
    if direct:
        names = [f"what {listed(direct)} gave", *names]
    if names:
        yield "uses", ", ".join(dict.fromkeys(names))
    if act.sees:
        yield "sees", _seen(act)
    if act.does == "asks":
        most = f", at most {act.max_tokens:,} tokens" if act.max_tokens else ""
        yield "answers", f"{act.output}{most}"
    elif act.output:
        yield "gives", act.output
    goes = _destinations(act, narrative)
    yield "then", goes or "nothing uses it"


_HEADS = {"text": "prompt", "table": "reads", "command": "performs", "narrative": "runs"}


def _origin(origin: shown.Origin) -> str:
    match origin.kind:
        case "act":
            return (
                f"{origin.name} of what {origin.source} gave"
                if origin.name == "previous"
                else origin.name
            )
        case "table":
            return f"{origin.name} (rows of {origin.source})"
        case "iteration":
            return "the number of the iteration"
        case "trigger":
            return f"{origin.name} (what came with the call)"
    return origin.name


def _seen(act: shown.Act) -> str:
    if len(act.sees) > 4:
        return f"the conversation of the {len(act.sees)} acts before it"
    return f"the conversation of {listed(act.sees)}"


def _destinations(act: shown.Act, narrative: shown.Narrative) -> str:
    said = []
    users = dict.fromkeys(each.name for each in act.destinations if each.kind == "act")
    if users:
        said.append(f"used by {listed(users)}")
    for each in act.destinations:
        match each.kind:
            case "order":
                said.append("decides what runs")
            case "conversation" if not users:
                said.append(f"stays in the conversation that {each.name} sees")
            case "table":
                said.append(f"stored in {each.name}")
            case "result":
                said.append(
                    "is what the narrative answers" if narrative.called_by else "is the result"
                )
    return ", ".join(dict.fromkeys(said))
