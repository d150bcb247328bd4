"""From libyaml's events to plain values and their places.

Events rather than libyaml's composed nodes: composing recurses in C and ends the process on deeply
nested text, whereas events come one by one and can be given up at any depth. Anchors, aliases and
merge keys are worked out here, with a bound on what they may multiply.
"""

import re
from typing import Any, NamedTuple

import yaml
from yaml.events import CollectionStartEvent, NodeEvent

from botticelli.compiler.source import Span
from botticelli.compiler.syntax import yaml_words
from botticelli.compiler.syntax.faults import Faults, quoted
from botticelli.compiler.syntax.nodes import Place, ScalarValue
from botticelli.compiler.syntax.tree import DEEPEST
from botticelli.compiler.syntax.yaml_collections import Mapping, Sequence
from botticelli.compiler.syntax.yaml_scalars import mapper
from botticelli.compiler.syntax.yaml_schema import (
    COLLECTION_TAGS,
    is_known,
    resolve,
    resolve_tagged,
)

MOST_COPIES = 100_000
"""How many nodes aliases may add to a document in all."""

_BLANK = "[ \t\r\n\x85\u2028\u2029]"
_GAP = re.compile(rf"(?:{_BLANK}|(?<={_BLANK})#[^\r\n]*)*")
_TAG = re.compile(r"!<[^>\s]*>|![^\s,\[\]{}]*")
_NEXT_KEY = re.compile(
    r"^(?:(?P<end>---|\.\.\.)|(?:[^\W\d][^\s:]*|\"[^\"\n]*\"|'[^'\n]*')[ \t]*:)(?=\s|$)",
    re.MULTILINE,
)


class _Anchored(NamedTuple):
    """What an anchor names: a value, how many nodes it is, and, of a scalar, its text."""

    value: Any
    place: Place
    size: int
    text: str | None


class _RefusedError(Exception):
    """Reading cannot go on; the reason has been reported."""


class Composer:
    """Composes one document. A fault ends a part of it; the root's next key begins another."""

    def __init__(self, text: str, faults: Faults) -> None:
        self._text = text
        self._faults = faults
        self._base = 0
        self._documents = 0
        self._copies = 0
        self._anchors: dict[str, _Anchored | None] = {}
        self._open: list[Mapping | Sequence] = []
        self._lone_value: Span | None = None
        self.root = Mapping(faults, Span(0, 0))

    def compose(self) -> None:
        """Read the whole text into ``root``."""
        while not self._faults.full:
            try:
                self._read()
            except yaml.MarkedYAMLError as error:
                place = yaml_words.refuse(self._faults, error, self._text, self._base)
                if not self._resume(place):
                    return
            except _RefusedError:
                return
            else:
                if self._lone_value is not None:
                    self._refuse_root(self._lone_value, "a single value")
                return

    def _resume(self, place: int) -> bool:
        """Go on at the root's next key after a fault, if there is one in this document."""
        line = self._text.find("\n", place)
        match = _NEXT_KEY.search(self._text, line + 1) if line != -1 else None
        if match is None or match["end"]:
            return False
        self._base = match.start()
        self._documents = 0
        self._open.clear()
        self.root.restart()
        unfinished = [name for name, anchored in self._anchors.items() if anchored is None]
        for name in unfinished:
            del self._anchors[name]
        return True

    def _read(self) -> None:
        for event in yaml.parse(self._text[self._base :], Loader=yaml.CSafeLoader):
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.CollectionStartEvent():
                    self._begin(event)
                case yaml.CollectionEndEvent():
                    self._end(event)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.DocumentStartEvent():
                    self._begin_document(event)

    def _begin_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            start = self._start(event)
            self._faults.refuse(
                Span(start, start + 3),
                "a second document begins here: a file holds one",
                help="put what follows into a file of its own",
            )
            raise _RefusedError

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        end = self._stop(event)
        start = min(self._content(event), end)
        style = event.style or ""
        span = Span(start, self._last_line_end(start, end) if style in ("|", ">") else end)
        above = self._open[-1] if self._open else None
        if above is not None and above.wants_key and isinstance(above, Mapping):
            self._keep(event.anchor, _Anchored(event.value, Place(span), 1, event.value))
            above.take_key(event.value, span, plain=not style and event.tag is None)
            if event.tag is not None and not is_known(event.tag):
                self._refuse_tag(event)
            return
        try:
            value = self._value(event, style, span)
        except _RefusedError:
            if above is not None:
                above.skip()
            return
        place = Place(span)
        if isinstance(value, str):
            place.string = mapper(self._text, start, end, style, value)
        self._keep(event.anchor, _Anchored(value, place, 1, event.value))
        if above is not None:
            above.begin(value, place)
            above.finish(value, place, 1)
        elif value is not None:
            self._lone_value = span

    def _start(self, event: yaml.Event) -> int:
        assert event.start_mark is not None
        return self._base + event.start_mark.index

    def _stop(self, event: yaml.Event) -> int:
        assert event.end_mark is not None
        return self._base + event.end_mark.index

    def _content(self, event: NodeEvent) -> int:
        """Return where a node begins, after its anchor and tag."""
        place = self._start(event)
        tag: str | None = getattr(event, "tag", None)
        properties = (event.anchor is not None) + (tag is not None)
        for _ in range(properties):
            if event.anchor is not None and self._text.startswith("&", place):
                place += 1 + len(event.anchor)
            elif (written := _TAG.match(self._text, place)) is not None:
                place = written.end()
            gap = _GAP.match(self._text, place)
            place = gap.end() if gap else place
        return place

    def _last_line_end(self, start: int, end: int) -> int:
        """Return the end of the last line of a block scalar that is not blank."""
        line = self._text.find("\n", start + len(self._text[start:end].rstrip()), end)
        return end if line == -1 else line - (self._text[line - 1] == "\r")

    def _value(self, event: yaml.ScalarEvent, style: str, span: Span) -> ScalarValue:
        text: str = event.value
        try:
            if event.tag is None:
                return text if style else resolve(text)
            if is_known(event.tag):
                return resolve_tagged(text, event.tag)
        except ValueError:
            if event.tag is None:
                message = f"an integer of {len(text)} digits is too large"
            else:
                tag = quoted(f"!!{event.tag.rpartition(':')[2]}")
                message = f"{quoted(text)} is not a value of the tag {tag}"
            self._faults.refuse(span, message)
            raise _RefusedError from None
        self._refuse_tag(event)
        raise _RefusedError

    def _refuse_tag(self, event: NodeEvent) -> None:
        start = self._start(event)
        match = _TAG.search(self._text, start)
        span = Span(match.start(), match.end()) if match else Span(start, start)
        self._faults.refuse(
            span,
            f"the tag {quoted(self._text[span.start : span.end])} is unknown",
            help="YAML's core schema has !!str, !!int, !!float, !!bool, !!null, !!seq and !!map",
        )

    def _keep(self, anchor: str | None, anchored: _Anchored | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = anchored

    def _begin(self, event: CollectionStartEvent) -> None:
        start = self._content(event)
        if len(self._open) > DEEPEST:
            self._faults.refuse(Span(start, start + 1), f"nested more than {DEEPEST} levels deep")
            raise _RefusedError
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", COLLECTION_TAGS["map" if is_mapping else "seq"]):
            self._refuse_tag(event)
        self._keep(event.anchor, None)
        if not self._open:
            self._begin_root(event, start)
            return
        above = self._open[-1]
        bracketed = bool(event.flow_style)
        span = Span(start, start + 1)
        if not bracketed and isinstance(above, Mapping) and not above.wants_key:
            span = above.key_span
        new = (
            Mapping(self._faults, span, event.anchor, bracketed=bracketed)
            if is_mapping
            else Sequence(span, event.anchor, bracketed=bracketed)
        )
        if isinstance(above, Mapping) and above.wants_key:
            self._refuse_key(start, bracketed=bracketed)
            above.begin_refused_key()
        else:
            above.begin(new.values, new.place)
        self._open.append(new)

    def _begin_root(self, event: CollectionStartEvent, start: int) -> None:
        if not isinstance(event, yaml.MappingStartEvent):
            self._refuse_root(Span(start, start + 1), "a list")
            raise _RefusedError
        self.root.anchor = event.anchor
        self._open.append(self.root)

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        if done.bracketed:
            done.place.span = Span(done.place.span.start, self._stop(event))
        self._keep(done.anchor, _Anchored(done.values, done.place, done.size, None))
        if self._open:
            self._open[-1].finish(done.values, done.place, done.size)

    def _alias(self, event: yaml.AliasEvent) -> None:
        span = Span(self._start(event), self._stop(event))
        anchored = self._resolve_alias(event.anchor or "", span)
        if not self._open:
            return
        above = self._open[-1]
        if isinstance(above, Mapping) and above.wants_key:
            if anchored is not None and anchored.text is not None:
                above.take_key(anchored.text, span, plain=False)
                return
            if anchored is not None:
                self._refuse_key(span.start, bracketed=False)
            above.drop_key()
        elif anchored is None:
            above.skip()
        else:
            there = anchored.place
            place = Place(span, there.keys, there.entries, there.items, there.string)
            above.begin(anchored.value, place)
            above.finish(anchored.value, place, anchored.size)

    def _resolve_alias(self, name: str, span: Span) -> _Anchored | None:
        anchored = self._anchors.get(name)
        if anchored is None:
            if name in self._anchors:
                self._faults.refuse(span, f"the alias `*{name}` stands within what it names")
            elif f"&{name}" not in self._text[: self._base]:  # it may stand in a part given up
                self._faults.refuse(span, f"no anchor `&{name}` stands before this alias")
            return None
        fits = self._copies <= MOST_COPIES
        self._copies += anchored.size
        if self._copies <= MOST_COPIES:
            return anchored
        if fits:
            message = f"aliases multiply this document to more than {MOST_COPIES} values"
            self._faults.refuse(span, message)
        return None

    def _refuse_key(self, start: int, *, bracketed: bool) -> None:
        if self._faults.stand_on_line_of(Span(start, start)):
            return
        if bracketed and self._text.startswith("{{", start - 1):
            self._faults.refuse(
                Span(start - 1, start + 1),
                "`{{` begins a mapping in YAML, and no text",
                help="put text that begins with `{{` between quotes",
            )
        else:
            span = Span(start, start + 1)
            self._faults.refuse(span, "a key is text: neither a list nor a mapping can be one")

    def _refuse_root(self, span: Span, found: str) -> None:
        self._faults.refuse(span, f"expected keys and values at the top of the file, found {found}")
