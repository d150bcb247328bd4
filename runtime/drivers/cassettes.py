"""Cassettes: answers of models in a file, each beside the request that it answers.

A cassette is JSON Lines, UTF-8. The first line says what it is and which driver it was recorded
from; each further line holds a request, the answer, and the request's key: the first 16 digits of
the SHA-256 of its canonical JSON. Media stand there as their digest. Values of environment
variables whose names say secret are `***` in what is written and in what is looked up.
"""

import difflib
import errno
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from botticelli.compiler.semantics.secrets import names_secret
from botticelli.runtime.drivers.protocol import (
    DriverError,
    Message,
    ModelAnswer,
    ModelRequest,
    Part,
    TextPart,
)

VERSION = 1
SHORTEST_SECRET = 6
"""Code points; what is shorter is no secret, and would be found everywhere."""

LONGEST_DIFFERENCE = 24
"""Lines of a difference that are shown."""

_LONGEST_HEADER = 1_000_000
"""Bytes of a first line that are looked at."""

Described = dict[str, Any]


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line: the version of the format, and the driver that was asked, as far as what a
    run asks of it depends on it."""

    cassette: int = VERSION
    driver: str
    provider: str
    default_model: str
    media: tuple[str, ...] = ()
    linked_media: tuple[str, ...] = ()
    structured_output: bool = False


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answered request."""

    key: str
    request: Described
    answer: ModelAnswer


class CassetteError(Exception):
    """A cassette cannot be read; the message is for people."""


class Scribe:
    """Describes requests as they stand in a cassette, without the secrets of an environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        found = {
            value
            for name, value in environment.items()
            if names_secret(name) and len(value) >= SHORTEST_SECRET
        }
        self._secrets = sorted(found, key=len, reverse=True)

    def describe(self, request: ModelRequest) -> Described:
        described: Described = {"model": request.model}
        if request.system is not None:
            described["system"] = self.clean(request.system)
        described["messages"] = [self._message(message) for message in request.messages]
        settings = msgspec.to_builtins(request.settings)
        described["settings"] = {
            name: value
            for name, value in settings.items()
            if name != "model" and value is not None and value != ()
        }
        if request.output_schema is not None:
            described["output_schema"] = request.output_schema
        return described

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _message(self, message: Message) -> Described:
        return {message.role: [self._part(part) for part in message.parts]}

    def _part(self, part: Part) -> str | Described:
        if isinstance(part, TextPart):
            return self.clean(part.text)
        where = (
            {"url": self.clean(part.url)}
            if part.url is not None
            else {"sha256": sha256(part.data or b"").hexdigest()}
        )
        return {part.kind: part.mime, **where}


def key_of(described: Described) -> str:
    """Return the key under which a request is found."""
    canonical = json.dumps(described, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Cassette:
    """A cassette that was read. Equal requests get their answers in the order of recording, and
    the last of them again when they were recorded fewer times."""

    def __init__(self, header: Header, entries: Iterable[Entry]) -> None:
        self.header = header
        self._entries = list(entries)
        self._answers: dict[str, list[ModelAnswer]] = {}
        self._given: Counter[str] = Counter()
        for entry in self._entries:
            # By what the request says: a line that was edited by hand is found by its new words.
            self._answers.setdefault(key_of(entry.request), []).append(entry.answer)

    def answer(self, described: Described, path: str) -> ModelAnswer:
        """Return the recorded answer. Raises DriverError with the nearest request."""
        key = key_of(described)
        answers = self._answers.get(key)
        if answers is None:
            message = f"the request is not in the cassette {path}{self._nearest(described)}"
            raise DriverError(message, reached=False, refused=True)
        number = self._given[key]
        self._given[key] += 1
        return answers[min(number, len(answers) - 1)]

    def _nearest(self, described: Described) -> str:
        if not self._entries:
            return ", which holds none"
        wanted = _lines(described)
        number, nearest = max(
            enumerate(self._entries, 2), key=lambda each: _likeness(_lines(each[1].request), wanted)
        )
        changes = [
            line
            for line in difflib.unified_diff(_lines(nearest.request), wanted, lineterm="", n=1)
            if not line.startswith(("---", "+++", "@@"))
        ]
        if len(changes) > LONGEST_DIFFERENCE:
            left = len(changes) - LONGEST_DIFFERENCE
            changes = [*changes[:LONGEST_DIFFERENCE], f"… and {left} lines more"]
        shown = "\n".join(f"  {line}" for line in changes)
        return (
            f"; the nearest one, on line {number}, differs "
            f"(- in the cassette, + asked now):\n{shown}\n"
            "record it again if the change is meant"
        )


def _lines(described: Described) -> list[str]:
    """Lay a request out for comparing: every line of a text on its own."""
    text = json.dumps(described, indent=1, ensure_ascii=False)
    return text.replace("\\n", "\n").splitlines()


def _likeness(first: list[str], second: list[str]) -> float:
    """Compare by common lines, and among equals by the characters of what is left."""
    common = Counter(first) & Counter(second)
    one, other = (
        "\n".join((Counter(lines) - common).elements())[:2_000] for lines in (first, second)
    )
    alike = difflib.SequenceMatcher(None, one, other, autojunk=False).quick_ratio()
    return 2 * common.total() / (len(first) + len(second)) + alike / 100


def read_cassette(path: Path) -> Cassette:
    """Read a cassette. A last line that was not written to its end is passed over. Raises
    CassetteError."""
    try:
        *lines, _ = path.read_bytes().split(b"\n")
    except OSError as error:
        raise CassetteError(f"the cassette {path} cannot be read: {error.strerror}") from error
    try:
        header = msgspec.json.decode(lines[0], type=Header)
    except (IndexError, msgspec.DecodeError) as error:
        raise CassetteError(f"{path} is no cassette") from error
    if header.cassette != VERSION:
        message = f"the cassette {path} is of version {header.cassette}; {VERSION} can be read"
        raise CassetteError(message)
    entries = []
    for number, line in enumerate(lines[1:], 2):
        try:
            entries.append(msgspec.json.decode(line, type=Entry))
        except msgspec.DecodeError as error:
            raise CassetteError(
                f"the cassette {path} has a fault on line {number}: {error}"
            ) from error
    return Cassette(header, entries)


def may_be_replaced(path: Path) -> bool:
    """Tell whether a file is empty, or begins as cassettes of any version do."""
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST_HEADER)
        return not first or "cassette" in msgspec.json.decode(first, type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return False


class CassetteWriter:
    """Writes a cassette, each answer by one write that is on the disk before it is used.

    The file begins anew with the first answer, so that a run which gets none leaves it as it was;
    with `add` it goes on after the last whole line.
    """

    def __init__(self, path: Path, header: Header, *, add: bool) -> None:
        self._path = path
        self._header = header
        self._add = add
        self._descriptor: int | None = None

    def write(self, described: Described, answer: ModelAnswer) -> None:
        """Append one answer. Raises OSError."""
        entry = Entry(key=key_of(described), request=described, answer=answer)
        if self._descriptor is None:
            self._descriptor = self._open()
        _put(self._descriptor, entry)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        there = self._path.read_bytes() if self._add and self._path.exists() else b""
        whole = there.rfind(b"\n") + 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._path, flags, 0o666)
        os.ftruncate(descriptor, whole)
        if not whole:
            _put(descriptor, self._header)
        return descriptor


def _put(descriptor: int, line: Struct) -> None:
    data = msgspec.json.encode(line) + b"\n"
    size = os.fstat(descriptor).st_size
    if os.write(descriptor, data) != len(data):
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)
