"""Reading the keys of a table: each asked for by name and type, what is left over is unknown.

This is the one place where keys are looked up. A reader asks for every key that has a meaning in
its table and then calls ``finish``, which reports the keys that nobody asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from botticelli.compiler.diagnostics import Edit, Fix, Label, Location
from botticelli.compiler.narrative.durations import parse_duration
from botticelli.compiler.narrative.located import Key, Located, Text
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.renaming import is_slip, renaming
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.syntax.faults import quoted
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue

USER_KEY_PREFIX = "x-"

T = TypeVar("T")


Takes = Callable[[Node], bool]
"""Whether a value could be that of a key that is missing, by what it is."""


def takes_text(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str)


def takes_number(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, int)


def takes_array(node: Node) -> bool:
    return isinstance(node, Array)


def takes_any(_: Node) -> bool:
    return True


class Fields:
    """The keys of one table, and which of them have been asked for.

    ``where`` names the table in messages: ``[carousel]``, ``act `draft` ``. ``known`` has the keys
    that were asked for, ``unread`` those named definitions that could not be read.
    """

    def __init__(self, table: Table, reporter: Reporter, where: str) -> None:
        self.table = table
        self.reporter = reporter
        self.where = where
        self.known: dict[str, None] = {}
        self._misspelt: dict[str, str] = {}
        self._absent: list[tuple[tuple[str, ...], Takes | None, Callable[[], None]]] = []
        self.unread: set[tuple[str, str]] = set()

    # Keys

    def __contains__(self, key: str) -> bool:
        return self._misspelt.get(key, key) in self.table.entries

    def node(self, key: str) -> Node | None:
        """Return what stands under ``key``, of whatever kind."""
        self.known[key] = None
        return self.table.entries.get(self._misspelt.get(key, key))

    def forgive(self, keys: Iterable[str]) -> None:
        """Report the keys that are none of ``keys``. One that differs from a known key by a slip
        of the fingers is then read as that key: what stands under it is not missed as well. Where
        that key stands there too, what it lacks may be under the other."""
        self.known.update(dict.fromkeys(keys))
        for key in self.table.entries:
            if self._is_unknown(key):
                meant = self._unknown(key, nearest(key, self.known))
                if meant is None or not is_slip(key, meant):
                    continue
                if meant in self.table.entries:
                    self.unread.add((meant, ""))
                else:
                    self._misspelt.setdefault(meant, key)

    def read_as(self, meant: str, written: str) -> None:
        """Report a misspelt key, and read what stands under it as that of the one meant."""
        self.known[meant] = None
        self._unknown(written, meant)
        self._misspelt[meant] = written

    def also_called(self, meant: str, *others: str) -> None:
        """Report another common name of a key that is missing, and read it as that key: nothing
        that follows from what stands there is then missed as well."""
        if meant not in self:
            for written in others:
                if written in self.table.entries:
                    self.read_as(meant, written)
                    return

    def first_of(self, *keys: str) -> str | None:
        """Return which of several spellings of one key is present; two at once are a conflict."""
        for key in keys:
            self.known[key] = None
        present = [key for key in keys if key in self]
        for key in present[1:]:
            self.conflict(present[0], key)
        return present[0] if present else None

    def conflict(self, one: str, other: str) -> None:
        """Report that two keys of this table exclude each other, at the one written later."""
        places = {
            key: self.table.key_location(self._misspelt.get(key, key)) for key in (one, other)
        }
        first, second = sorted(places, key=lambda key: places[key].span)
        self.reporter.report(
            catalogue.CONFLICTING_KEYS,
            places[second],
            f"`{second}` and `{first}` exclude each other in {self.where}",
            note="this one as well",
            labels=[Label(f"`{first}` stands here", places[first])],
            help="keep one of the two",
            about=first,
        )

    def require(
        self,
        *keys: str,
        help: str | None = None,  # noqa: A002
        takes: Takes | None = takes_text,
    ) -> bool:
        """Tell whether one of several keys is there; if none is, ``finish`` reports it."""
        return self.expect(keys, lambda: self._report_missing(keys, help), takes)

    def expect(
        self, keys: tuple[str, ...], report: Callable[[], None], takes: Takes | None = takes_text
    ) -> bool:
        """Tell whether one of several keys is there; if none is, ``finish`` calls ``report``,
        unless an unknown key most likely means one of them: by its name, or because it is like no
        key and has a value that the missing one ``takes``. None: only by its name."""
        for key in keys:
            self.known[key] = None
        if any(key in self.table.entries for key in keys):
            return True
        self._absent.append((keys, takes, report))
        return False

    def _report_missing(self, keys: tuple[str, ...], help_text: str | None) -> None:
        what = _alternatives(keys)
        self.reporter.report(
            catalogue.MISSING_KEY,
            self.table.location,
            f"{self.where} needs {what}",
            note=f"{what} is missing here",
            help=help_text,
            about=what,
        )

    def finish(self) -> None:
        """Report every key that nobody asked for, and every one that was asked for in vain.

        A missing key that an unknown one most likely means is one fault, and is said once.
        """
        meant = set(self._misspelt)
        strangers: list[Node] = []
        for key, node in self.table.entries.items():
            if self._is_unknown(key):
                guess = self._unknown(key)
                meant.update([guess] if guess is not None else [])
                strangers += [node] if guess is None else []
        for keys, takes, report in self._absent:
            if not meant.isdisjoint(keys):
                continue
            standing_in = next(
                (node for node in strangers if takes is not None and takes(node)), None
            )
            if standing_in is None:
                report()
            else:
                strangers.remove(standing_in)

    def missing_like(self, key: str) -> bool:
        """Tell whether ``key`` is a slip of the fingers for one that is required and missing."""
        return any(is_slip(key, wanted) for keys, *_ in self._absent for wanted in keys)

    def _is_unknown(self, key: str) -> bool:
        return (
            key not in self.known
            and key not in self._misspelt.values()
            and not key.startswith(USER_KEY_PREFIX)
        )

    def _unknown(self, key: str, guess: str | None = None) -> str | None:
        """Report one unknown key; return the one that was most likely meant."""
        free = [known for known in self.known if known not in self.table.entries]
        guess = guess or nearest(key, free) or nearest(key, self.known)
        location = self.table.key_location(key)
        if guess is None:
            note = "not a key here"
            missing = [_alternatives(keys) for keys, *_ in self._absent]
            help_text = f"{missing[0]} is missing; " if missing else ""
            help_text += f"known keys are {listing(sorted(self.known), limit=30)}"
        else:
            note = f"did you mean `{guess}`?"
            help_text = None
        self.reporter.report(
            catalogue.UNKNOWN_KEY,
            location,
            f"unknown key `{key}` in {self.where}",
            note=note,
            help=help_text,
            fix=renaming(location, key, guess) if guess in free else None,
            about="",
        )
        return guess

    def misplaced(self, keys: Sequence[str], help_text: str) -> None:
        """Report keys that together have their meaning elsewhere, at the first of them."""
        self.known.update(dict.fromkeys(keys))
        self.reporter.report(
            catalogue.UNKNOWN_KEY,
            self.table.key_location(keys[0]),
            f"unknown key `{keys[0]}` in {self.where}",
            note="not a key here",
            help=help_text,
            about="",
        )

    # Values

    def text(self, key: str) -> Text | None:
        """Return a string."""
        node = self.node(key)
        return None if node is None else self.as_text(node, f"`{key}`")

    def choice(self, key: str, options: Iterable[str]) -> Located[str] | None:
        """Return one of a few words."""
        text = self.text(key)
        if text is None:
            return None
        allowed = tuple(options)
        if text.value not in allowed:
            guess = nearest(text.value, allowed)
            self.bad_value(
                text.node,
                f"`{key}` is {_alternatives(allowed)}, found {quoted(text.value)}",
                note=f"did you mean `{guess}`?" if guess else "",
            )
            return None
        return Located(text.value, text.node)

    def boolean(self, key: str) -> Located[bool] | None:
        node = self.node(key)
        if node is None:
            return None
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return Located(node.value, node)
        self.wrong_type(node, f"`{key}`", "a boolean", _unquoted(node, ("true", "false")))
        return None

    def scalar(self, key: str) -> Scalar | None:
        """Return a value of any type that is neither table nor array."""
        node = self.node(key)
        if node is None or isinstance(node, Scalar):
            return node
        self.wrong_type(node, f"`{key}`", "a single value")
        return None

    def integer(
        self, key: str, minimum: int | None = None, maximum: int | None = None
    ) -> Located[int] | None:
        node = self.node(key)
        if node is None:
            return None
        if (
            not isinstance(node, Scalar)
            or not isinstance(node.value, int)
            or isinstance(node.value, bool)
        ):
            self.wrong_type(node, f"`{key}`", "an integer", _unquoted_number(node))
            return None
        if not self._within(node, key, node.value, minimum, maximum):
            return None
        return Located(node.value, node)

    def number(
        self,
        key: str,
        minimum: float | None = None,
        maximum: float | None = None,
        *,
        above: float | None = None,
    ) -> Located[float] | None:
        """Return an integer or float in ``[minimum, maximum]``, or greater than ``above``."""
        node = self.node(key)
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong_type(node, f"`{key}`", "a number", _unquoted_number(node))
            return None
        if above is not None and not value > above:
            limit = f"greater than {above:g}"
            limit += f" and at most {maximum:g}" if maximum is not None else ""
            self.bad_value(node, f"`{key}` must be {limit}, found {value}")
            return None
        if not self._within(node, key, value, minimum, maximum):
            return None
        return Located(_as_float(value), node)

    def duration(self, key: str) -> Located[float] | None:
        """Return seconds, written as a duration or a number."""
        node = self.node(key)
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, str):
            seconds = parse_duration(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = _as_float(value)
        else:
            self.wrong_type(node, f"`{key}`", "a duration")
            return None
        if seconds is None or not 0 < seconds < float("inf"):
            self.bad_value(
                node,
                f"`{key}` takes a duration, found {quoted(str(value))}"
                if seconds is None
                else f"`{key}` must be longer than nothing and come to an end",
                help='write it like "90s", "5m", "1h30m" or "1d", or as a number of seconds',
            )
            return None
        return Located(seconds, node)

    def texts(self, key: str) -> tuple[Text, ...] | None:
        """Return an array of strings."""
        node = self.node(key)
        if node is None:
            return None
        if not isinstance(node, Array):
            self.wrong_type(node, f"`{key}`", "an array of strings")
            return None
        read = (self.as_text(item, f"an item of `{key}`") for item in node.items)
        return tuple(text for text in read if text is not None)

    def sub(self, key: str, where: str | None = None) -> "Fields | None":
        """Return the fields of a table under ``key``."""
        node = self.node(key)
        if node is None:
            return None
        if not isinstance(node, Table):
            self.wrong_type(node, f"`{key}`", "a table")
            return None
        return Fields(node, self.reporter, where or f"`{key}` of {self.where}")

    def read(self, key: str, reader: Callable[["Fields"], T], where: str | None = None) -> T | None:
        """Read the table under ``key`` with ``reader`` and report its unknown keys."""
        fields = self.sub(key, where)
        if fields is None:
            return None
        value = reader(fields)
        fields.finish()
        return value

    def named(
        self,
        key: str,
        reader: Callable[[Key, "Fields"], T | None],
        what: str,
        but: Sequence[str] = (),
    ) -> Mapping[str, T]:
        """Read a table of tables, each with ``reader``; ``what`` is what each one is called.
        Those in ``but`` are passed over.

        What cannot be read is noted in ``unread``: as a key and a name, without a name when all
        that the key holds cannot be read.
        """
        fields = self.sub(key, f"[{key}]")
        if fields is None:
            if key in self:
                self.unread.add((key, ""))
            return {}
        found: dict[str, T] = {}
        for name, node in fields.table:
            if name.startswith(USER_KEY_PREFIX) or name in but:
                continue
            if not isinstance(node, Table):
                self.wrong_type(node, f"{what} `{name}`", "a table")
                self.unread.add((key, name))
                continue
            inner = Fields(node, self.reporter, f"{what} `{name}`")
            value = reader(Key(fields.table, name), inner)
            inner.finish()
            if value is None:
                self.unread.add((key, name))
            else:
                found[name] = value
        return found

    # Reports

    def as_text(self, node: Node, what: str, expected: str = "a string") -> Text | None:
        """Take a node as a string, or report that it is none; ``expected`` says what else fits."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return Text(node.value, node)
        self.wrong_type(node, what, expected)
        return None

    def wrong_type(self, node: Node, what: str, expected: str, fix: Fix | None = None) -> None:
        self.reporter.report(
            catalogue.WRONG_TYPE,
            node.location,
            f"{what} takes {expected}, found {node.kind}",
            note=f"expected {expected}",
            fix=fix,
        )

    def bad_value(
        self,
        node: Node,
        message: str,
        *,
        note: str = "",
        help: str | None = None,  # noqa: A002
        location: Location | None = None,
    ) -> None:
        self.reporter.report(
            catalogue.BAD_VALUE, location or node.location, message, note=note, help=help
        )

    def _within(
        self, node: Node, key: str, value: float, minimum: float | None, maximum: float | None
    ) -> bool:
        below = minimum is not None and not value >= minimum
        above = maximum is not None and not value <= maximum
        if not below and not above:
            return True
        if minimum is not None and maximum is not None:
            limit = f"between {minimum:g} and {maximum:g}"
        else:
            limit = f"at least {minimum:g}" if below else f"at most {maximum:g}"
        self.bad_value(node, f"`{key}` must be {limit}, found {value}")
        return False


def _alternatives(words: Iterable[str]) -> str:
    return listing(words).replace(" and ", " or ")


def _as_float(number: float) -> float:
    """A whole number that no float can hold is beyond all bounds."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _unquoted(node: Node, allowed: tuple[str, ...]) -> Fix | None:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value in allowed:
        return Fix(safe=True, edits=(Edit(node.location, node.value),))
    return None


def _unquoted_number(node: Node) -> Fix | None:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return None
    digits = node.value.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    return Fix(safe=True, edits=(Edit(node.location, node.value),)) if is_number else None
