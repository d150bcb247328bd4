"""Pieces of prompts and their places in the source, connected by common names.

A piece has one name wherever it is shown: in the request that it is a part of, and in the source.
Where the same text belongs to several requests, it has one name in all of them.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.report.display import visible
from botticelli.compiler.semantics.secrets import hidden_ranges

HIDDEN = "•"


class Segment(Struct, frozen=True):
    """A part of a line of a source; `piece` is the name of the piece that it belongs to, if any,
    and `first` tells the segment that it begins with."""

    text: str
    piece: str | None = None
    kind: str = ""
    first: bool = False


class SourceLine(Struct, frozen=True):
    number: int
    segments: tuple[Segment, ...]


class Source(Struct, frozen=True):
    """One file in lines."""

    path: str
    lines: tuple[SourceLine, ...]


class Tracing:
    """The names of all pieces of an explanation."""

    def __init__(self, explanation: shown.Explanation) -> None:
        self._names: dict[shown.Span, str] = {}
        self._kinds: dict[shown.Span, str] = {}
        for narrative in explanation.narratives:
            for act in narrative.acts:
                for piece in _pieces(act):
                    if piece.span is not None and piece.span not in self._names:
                        self._names[piece.span] = f"p{len(self._names) + 1}"
                        self._kinds[piece.span] = piece.kind

    def name(self, piece: shown.Piece) -> str | None:
        return None if piece.span is None else self._names[piece.span]

    @property
    def paths(self) -> list[str]:
        """The files that pieces stand in."""
        return list(dict.fromkeys(span.path for span in self._names))

    def source(self, path: str, text: str) -> Source:
        """Return a file in lines, its pieces marked and keys hidden."""
        text = _without_secrets(text)
        spans = sorted(
            (span for span in self._names if span.path == path),
            key=lambda span: (span.line, span.column),
        )
        by_line: dict[int, list[shown.Span]] = {}
        for span in spans:
            for number in range(span.line, span.end_line + 1):
                by_line.setdefault(number, []).append(span)
        lines = text.split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return Source(
            path,
            tuple(
                SourceLine(number, tuple(self._segments(line, number, by_line.get(number, []))))
                for number, line in enumerate(lines, 1)
            ),
        )

    def _segments(self, line: str, number: int, spans: list[shown.Span]) -> Iterator[Segment]:
        at = 0
        for span in spans:
            begin = span.column - 1 if span.line == number else 0
            end = span.end_column - 1 if span.end_line == number else len(line)
            begin, end = max(begin, at), min(end, len(line))
            if begin >= end:
                continue
            if begin > at:
                yield Segment(visible(line[at:begin]))
            first = span.line == number or (span.line == number - 1 and begin == 0)
            yield Segment(
                visible(line[begin:end]), self._names[span], self._kinds[span], first=first
            )
            at = end
        if at < len(line):
            yield Segment(visible(line[at:].rstrip("\r")))


def _pieces(act: shown.Act) -> Iterator[shown.Piece]:
    yield from act.persona_pieces
    for each in act.inputs:
        yield from each.pieces


def _without_secrets(text: str) -> str:
    """Cover what has the form of a key, sign by sign, so that all places stay."""
    for start, end in hidden_ranges(text):
        covered = "".join(each if each == "\n" else HIDDEN for each in text[start:end])
        text = text[:start] + covered + text[end:]
    return text


def titles(explanation: shown.Explanation) -> Mapping[tuple[str, int, int], str]:
    """Return what the inputs are called, by their places."""
    return {
        (each.place.path, each.place.line, each.place.column): each.title
        for narrative in explanation.narratives
        for act in narrative.acts
        for each in act.inputs
    }
