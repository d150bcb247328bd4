"""The flow of narratives as text: every act in its order, what goes into it and where it goes."""

from collections.abc import Iterable, Mapping

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.facts import does, facts
from botticelli.compiler.explain.sheet import Sheet
from botticelli.compiler.explain.wording import listed, repeated
from botticelli.compiler.report.colors import BOLD, FRAME, SECONDARY

_LEFT = "  "
_INDENT = 11
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
        sheet.line((f"{number}  ", FRAME), (name, BOLD), f"  {does(act)}")
        with sheet.margin("    "):
            for head, text in facts(act, self._narrative):
                sheet.words(text, head=f"{head} ", indent=_INDENT, style=SECONDARY)


def _start(start: shown.Start) -> str:
    ways = []
    if start.schedule is not None:
        ways.append(f"by the schedule {start.schedule}")
    if start.webhook is not None:
        ways.append(f"by a signed call of {start.webhook}")
    return f"started {listed(ways, 'and')} ({start.name})"
