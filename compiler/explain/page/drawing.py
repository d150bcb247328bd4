"""The flow of a narrative as a drawing: boxes laid out from the top down, and the lines between.

A sequence stands in a column, the ways of a `parallel` or an `if` beside each other, a `repeat` in
a frame. Sizes are in the drawing's own units, pixels at its natural size.
"""

from collections.abc import Mapping

from msgspec import Struct

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.sheet import shortened, wrapped
from botticelli.compiler.explain.wording import excerpt, repeated

CARD = 224
_LINE = 17
_HEAD = 26
_PADDING = 9
_GAP = 30
_BESIDE = 22
_FRAME = 14
_TITLE = 16
"""A line of the title of a frame."""
_MARGIN = 12
_PILL = 28
_BEND = 10
"""Room above the first of what a frame holds, for the line that leads there."""

_MOST_LINES = 4
_LETTERS = 29
"""Characters that a line of a card takes."""


class Card(Struct, frozen=True):
    """An act: its place in the drawing and what it says. `kind` is what the act does."""

    x: float
    y: float
    width: float
    height: float
    act: str
    title: str
    kind: str
    lines: tuple[str, ...]


class Pill(Struct, frozen=True):
    """Where something begins, ends or is decided."""

    x: float
    y: float
    width: float
    height: float
    text: str
    full: str
    kind: str


class Frame(Struct, frozen=True):
    """A frame around what is repeated, with its title in lines."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


class Line(Struct, frozen=True):
    """A line from one point to another; `path` is that of SVG."""

    path: str
    arrow: bool = True


class Word(Struct, frozen=True):
    """A word at a line."""

    x: float
    y: float
    text: str


class Drawing(Struct):
    """What a drawing is made of."""

    width: float = 0
    height: float = 0
    cards: list[Card] = []
    pills: list[Pill] = []
    frames: list[Frame] = []
    lines: list[Line] = []
    words: list[Word] = []


def draw(explanation: shown.Explanation, narrative: shown.Narrative) -> Drawing:
    """Draw one narrative."""
    return _Artist(explanation, narrative).draw()


class _Size(Struct, frozen=True):
    width: float
    height: float


_Point = tuple[float, float]


class _Artist:
    def __init__(self, explanation: shown.Explanation, narrative: shown.Narrative) -> None:
        self._narrative = narrative
        self._acts: Mapping[str, shown.Act] = {act.name: act for act in narrative.acts}
        self._said = {act.name: _said(explanation, narrative, act) for act in narrative.acts}
        self._drawing = Drawing()

    def draw(self) -> Drawing:
        narrative, drawing = self._narrative, self._drawing
        size = self._measure(narrative.order)
        how = narrative.repetition
        inset = 0.0 if how is None else _FRAME
        width = max(size.width, CARD) + 2 * inset
        title = () if how is None else _title(how, width)
        middle = _MARGIN + width / 2
        self._pill((middle, _MARGIN), "start", "start", full=narrative.name)
        top = float(_MARGIN + _PILL) + (_GAP / 2 + _TITLE * len(title) if title else 0)
        ends = self._sequence(narrative.order, middle, top + _GAP, [(middle, _MARGIN + _PILL)])
        bottom = top + size.height + 2 * _GAP + 2 * inset
        self._pill((middle, bottom), "end", "end", full="end")
        for end in ends:
            self._join(end, (middle, bottom))
        if title:
            y = _MARGIN + _PILL + _GAP / 2
            height = top + size.height + _GAP + inset - y
            drawing.frames.append(Frame(_MARGIN, y, width, height, title))
        drawing.frames.sort(key=lambda frame: -frame.width * frame.height)
        drawing.width = width + 2 * _MARGIN
        drawing.height = bottom + _PILL + _MARGIN
        return drawing

    # Sizes

    def _measure(self, steps: tuple[shown.AnyStep, ...]) -> _Size:
        sizes = [self._size(step) for step in steps]
        height = sum(each.height for each in sizes) + _GAP * max(0, len(sizes) - 1)
        return _Size(max((each.width for each in sizes), default=40.0), height)

    def _size(self, step: shown.AnyStep) -> _Size:
        match step:
            case shown.ActStep(act=name):
                return _Size(CARD, _card_height(self._said[name]))
            case shown.SequenceStep(steps=steps):
                return self._measure(steps)
            case shown.ParallelStep(steps=steps):
                return _beside([self._size(each) for each in steps], 0)
            case shown.IfStep(then=then, otherwise=otherwise):
                ways = [self._measure(then), self._measure(otherwise)]
                return _beside(ways, 30 + _GAP)
            case shown.RepeatStep(repetition=how, steps=steps):
                inner = self._measure(steps)
                width = max(inner.width, CARD) + 2 * _FRAME
                title = _TITLE * len(_title(how, width))
                return _Size(width, inner.height + title + 2 * _FRAME + _BEND)

    # Placing: each returns the points from which the next step is reached

    def _sequence(
        self, steps: tuple[shown.AnyStep, ...], middle: float, y: float, ends: list[_Point]
    ) -> list[_Point]:
        for step in steps:
            ends = self._place(step, middle, y, ends)
            y += self._size(step).height + _GAP
        return ends

    def _place(
        self, step: shown.AnyStep, middle: float, y: float, ends: list[_Point]
    ) -> list[_Point]:
        match step:
            case shown.ActStep(act=name):
                return [self._card(name, middle, y, ends)]
            case shown.SequenceStep(steps=steps):
                return self._sequence(steps, middle, y, ends)
            case shown.ParallelStep(steps=steps):
                return self._parallel(steps, middle, y, ends)
            case shown.IfStep():
                return self._branch(step, middle, y, ends)
            case shown.RepeatStep(repetition=how, steps=steps):
                size = self._size(step)
                title = _title(how, size.width)
                left = middle - size.width / 2
                self._drawing.frames.append(Frame(left, y, size.width, size.height, title))
                inside = y + _TITLE * len(title) + _FRAME + _BEND
                for end in ends:
                    self._join(end, (middle, y), arrow=False)
                return self._sequence(steps, middle, inside, [(middle, y)])

    def _parallel(
        self, steps: tuple[shown.AnyStep, ...], middle: float, y: float, ends: list[_Point]
    ) -> list[_Point]:
        sizes = [self._size(each) for each in steps]
        whole = _beside(sizes, 0)
        left = middle - whole.width / 2
        found: list[_Point] = []
        for each, size in zip(steps, sizes, strict=True):
            found += self._place(each, left + size.width / 2, y, ends)
            left += size.width + _BESIDE
        return found

    def _branch(
        self, step: shown.IfStep, middle: float, y: float, ends: list[_Point]
    ) -> list[_Point]:
        ways = [step.then, step.otherwise]
        sizes = [self._measure(each) for each in ways]
        whole = _beside(sizes, 0)
        text = f"if {step.condition}"
        node = self._pill((middle, y), "if", text, full=text, room=whole.width)
        for end in ends:
            self._join(end, (middle, y))
        left = middle - whole.width / 2
        found: list[_Point] = []
        for steps, size, word in zip(ways, sizes, ("yes", "no"), strict=True):
            at = left + size.width / 2
            top = y + 30 + _GAP
            self._drawing.words.append(Word(at + 6, top - 9, word))
            if steps:
                found += self._sequence(steps, at, top, [node])
            else:
                bend = f"M{node[0]:g} {node[1]:g} V{node[1] + _GAP / 2:g} H{at:g} V{top:g}"
                self._drawing.lines.append(Line(bend, arrow=False))
                found.append((at, top))
            left += size.width + _BESIDE
        return found

    def _card(self, name: str, middle: float, y: float, ends: list[_Point]) -> _Point:
        lines = self._said[name]
        height = _card_height(lines)
        act = self._acts[name]
        title = shortened(name, 26)
        left = middle - CARD / 2
        self._drawing.cards.append(Card(left, y, CARD, height, name, title, act.does, lines))
        for end in ends:
            self._join(end, (middle, y))
        return (middle, y + height)

    def _pill(self, at: _Point, kind: str, text: str, *, full: str, room: float = CARD) -> _Point:
        middle, y = at
        text = shortened(text, int(max(room, CARD) / 7.4))
        width = max(56.0, 7.4 * len(text) + 24)
        height = 30 if kind == "if" else _PILL
        pill = Pill(middle - width / 2, y, width, height, text, full, kind)
        self._drawing.pills.append(pill)
        return (middle, y + height)

    def _join(self, start: _Point, end: _Point, *, arrow: bool = True) -> None:
        (x, y), (to, below) = start, end
        path = f"M{x:g} {y:g} V{below:g}"
        if x != to:
            bend = below - _GAP / 2
            path = f"M{x:g} {y:g} V{bend:g} H{to:g} V{below:g}"
        self._drawing.lines.append(Line(path, arrow=arrow))


def _beside(sizes: list[_Size], above: float) -> _Size:
    width = sum(each.width for each in sizes) + _BESIDE * (len(sizes) - 1)
    return _Size(width, max(each.height for each in sizes) + above)


def _card_height(lines: tuple[str, ...]) -> float:
    return _HEAD + _PADDING + _LINE * len(lines)


def _title(how: shown.Repetition, width: float) -> tuple[str, ...]:
    """The title of a frame in lines that fit it."""
    lines = wrapped(f"↻ {excerpt(repeated(how))}", int((width - 24) / 6.4))
    return tuple(lines[:_MOST_LINES])


def _said(
    explanation: shown.Explanation, narrative: shown.Narrative, act: shown.Act
) -> tuple[str, ...]:
    """The lines of a card: the model, the condition, what is read, performed, written."""
    here = (narrative.name, act.name)
    said = [] if act.model is None else [act.model]
    if act.when is not None:
        said.append(f"only if {act.when}")
    if act.repetition is not None:
        said.append(repeated(act.repetition))
    if act.calls is not None:
        said.append(f"runs {act.calls}")
    said += [
        f"runs {each.title}" if each.kind == "narrative" else f"shows {each.title}"
        for each in act.inputs
        if each.kind not in {"text", "table", "command"}
    ]
    said += [
        f"{each.does} {each.table}"
        for each in explanation.tables
        if (each.narrative, each.act) == here
    ]
    said += [
        f"{'does' if each.writes else 'asks'} {each.command}"
        for each in explanation.commands
        if (each.narrative, each.act) == here
    ]
    return tuple(shortened(excerpt(each), _LETTERS) for each in said)
