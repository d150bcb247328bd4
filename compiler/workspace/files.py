"""What the checker sees of the file system: each thing looked at once, and every look remembered.

All that checking depends on outside its own code is seen through one `Files`. Texts that are not
yet written (standard input, a fix on trial) replace what is on the disk, and a cached result can
say which looks it rests on, in vain ones included: it holds for as long as they see the same.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from errno import ENOENT
from itertools import repeat
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, overload

from botticelli.compiler.syntax.reader import SUFFIXES
from botticelli.compiler.workspace.discovery import (
    CONFIGURATION,
    LOCK_FILE,
    candidates,
    not_ignored,
)

CONTENT = "content"
IS_FILE = "is-file"
IS_FOLDER = "is-folder"
SIZE = "size"
SOURCES = "sources"
OWN_SOURCES = "own-sources"
PROJECT = "project"
OWN_PROJECT = "own-project"
"""What can be looked at: a file's bytes, whether a path is a file or a folder, a file's size; the
TOML and YAML files of a folder with or without its subfolders, and these with all their bytes."""

RECURSIVE = frozenset({SOURCES, PROJECT})
LISTINGS = RECURSIVE | {OWN_SOURCES, OWN_PROJECT}

MANY_LOOKS = 50
"""Looks at single files of a folder from which one at the whole of it takes their place."""

Look = tuple[str, str]
"""What was looked at, and the absolute path."""

Answer = str | int | None
"""What was seen, short enough to be kept: contents and listings by their digests."""


class Files:
    """The file system as one run sees it. What was seen once stays so for as long as this lives."""

    def __init__(self, replaced: Mapping[Path, bytes] | None = None) -> None:
        self.replaced = dict(replaced or {})
        self._contents: dict[str, bytes | OSError] = {}
        self._stats: dict[str, os.stat_result | None] = {}
        self._listings: dict[Look, list[Path]] = {}
        self._candidates: dict[tuple[bool, str], list[Path]] = {}
        self._answers: dict[Look, Answer] = {}
        self._record: dict[Look, None] = {}
        self._noted: dict[Look, None] = {}

    # Looking

    def read(self, path: Path) -> bytes:
        """Return the bytes of a file at an absolute path. Raises OSError."""
        self._note(CONTENT, path)
        return self.content(path)

    def content(self, path: Path) -> bytes:
        """Read a file whose content a wider look stands for. Raises OSError."""
        name = str(path)
        content = self._contents.get(name)
        if content is None:
            try:
                content = self.replaced[path] if path in self.replaced else path.read_bytes()
            except OSError as error:
                content = error
            except ValueError:  # a path with a null character is no file's
                content = FileNotFoundError(ENOENT, os.strerror(ENOENT))
            self._contents[name] = content
        if isinstance(content, OSError):
            raise content
        return content

    def is_file(self, path: Path) -> bool:
        """Tell whether there is a file. Where a path cannot even be one, there is none."""
        self._note(IS_FILE, path)
        return self._size(path) is not None

    def is_folder(self, path: Path) -> bool:
        """Tell whether there is a folder."""
        self._note(IS_FOLDER, path)
        return self._is_folder(path)

    def size(self, path: Path) -> int | None:
        """Return the size of a file in bytes, or None where there is none."""
        self._note(SIZE, path)
        return self._size(path)

    def sources(self, folder: Path, *, recursive: bool) -> list[Path]:
        """Return the TOML and YAML files of a folder in stable order, without those that are
        passed over (see `discovery`)."""
        self._note(SOURCES if recursive else OWN_SOURCES, folder)
        return self._sources(folder, recursive=recursive)

    def project(self, folder: Path, *, recursive: bool) -> list[Path]:
        """Return the same files, of which all will be read: one look that stands for them all."""
        self._note(PROJECT if recursive else OWN_PROJECT, folder)
        return self._sources(folder, recursive=recursive)

    # What was looked at

    @contextmanager
    def recording(self) -> Iterator[dict[Look, None]]:
        """Collect the looks that are taken within the block."""
        outer, self._record = self._record, {}
        try:
            yield self._record
        finally:
            inner, self._record = self._record, outer
            self.note(inner)

    def note(self, looks: Iterable[Look]) -> None:
        """Count looks as taken here, whose results were taken over from elsewhere."""
        taken = dict.fromkeys(looks)
        self._record.update(taken)
        self._noted.update(taken)

    @property
    def looks(self) -> list[Look]:
        """Everything that was looked at."""
        return [*self._noted]

    def widened(self, looks: Iterable[Look]) -> dict[Look, None]:
        """Return looks with a single one at a folder for many at its sources.

        What rests on a long chain of files is kept in a few words, and holds a little less long.
        """
        kept = dict.fromkeys(looks)
        by_folder: dict[str, list[Look]] = {}
        for look in kept if len(kept) > MANY_LOOKS else ():
            folder, name = os.path.split(look[1])
            if name.endswith(SUFFIXES) and name not in {CONFIGURATION, LOCK_FILE}:
                by_folder.setdefault(folder, []).append(look)
        for folder, inside in by_folder.items():
            if len(inside) > MANY_LOOKS:
                sources = set(map(str, self._sources(Path(folder), recursive=False)))
                for look in inside:
                    if look[0] == IS_FILE or (look[0] == CONTENT and look[1] in sources):
                        del kept[look]
                kept[OWN_PROJECT, folder] = None
        return kept

    def answer(self, look: Look) -> Answer:
        """Return what a look sees."""
        if look not in self._answers:
            self._answers[look] = self._see(*look)
        return self._answers[look]

    def _note(self, kind: str, path: Path) -> None:
        look = (kind, str(path))
        self._record[look] = None
        self._noted[look] = None

    def _see(self, kind: str, name: str) -> Answer:
        path = Path(name)
        if kind == CONTENT:
            return self._digest(path)
        if kind == IS_FILE:
            return int(self._size(path) is not None)
        if kind == IS_FOLDER:
            return int(self._is_folder(path))
        if kind == SIZE:
            return self._size(path)
        found = self._sources(path, recursive=kind in RECURSIVE)
        parts = [_below(each, path) for each in found]
        if kind in {PROJECT, OWN_PROJECT}:
            # What git ignores is not read, but a name can still come to mean it.
            parts += map(_below, self._candidates[kind in RECURSIVE, name], repeat(path))
            parts += [str(self._digest(each)).encode() for each in found]
        return digest(b"\0".join(parts))

    # The file system

    def _digest(self, path: Path) -> Answer:
        try:
            return digest(self.content(path))
        except OSError as error:
            return error.errno or -1

    def _size(self, path: Path) -> int | None:
        if path in self.replaced:
            return len(self.replaced[path])
        found = self._stat(path)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def _is_folder(self, path: Path) -> bool:
        found = self._stat(path)
        return found is not None and stat.S_ISDIR(found.st_mode)

    def _stat(self, path: Path) -> os.stat_result | None:
        name = str(path)
        if name not in self._stats:
            try:
                self._stats[name] = path.stat()
            except (OSError, ValueError):
                self._stats[name] = None
        return self._stats[name]

    def _sources(self, folder: Path, *, recursive: bool) -> list[Path]:
        look = (SOURCES if recursive else OWN_SOURCES, str(folder))
        if look not in self._listings:
            present = candidates(folder, recursive=recursive)
            self._candidates[recursive, str(folder)] = present
            found = set(not_ignored(folder, present))
            found |= {
                path
                for path in self.replaced
                if path.parent == folder or (recursive and folder in path.parents)
            }
            self._listings[look] = sorted(found)
        return self._listings[look]


def _below(path: Path, folder: Path) -> bytes:
    return os.fsencode(os.path.relpath(path, folder))


def digest(data: bytes) -> str:
    """Return a short name of some bytes that no others have."""
    try:
        from _blake2 import blake2b  # `hashlib` loads OpenSSL, which takes longer than all the rest
    except ImportError:
        from hashlib import blake2b

    return blake2b(data, digest_size=16).hexdigest()


# Results that rest on looks


class _Looking(Protocol):
    @property
    def files(self) -> Files: ...


O = TypeVar("O", bound=_Looking)  # noqa: E741 - the owner
V = TypeVar("V")


class remembered(Generic[O, V]):  # noqa: N801 - reads as `property` does
    """A property of something that looks at files, worked out once.

    As `functools.cached_property`, but whoever asks for it later is noted to depend on the same
    looks. Whatever a workspace keeps for several of its files has to be kept like this: what is
    kept otherwise makes cached results stale.
    """

    def __init__(self, function: Callable[[O], V]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_remembered_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> "remembered[O, V]": ...
    @overload
    def __get__(self, instance: O, owner: type) -> V: ...

    def __get__(self, instance: O | None, owner: type) -> "remembered[O, V] | V":
        if instance is None:
            return self
        kept: tuple[V, dict[Look, None]] | None = instance.__dict__.get(self._name)
        if kept is None:
            with instance.files.recording() as looks:
                value = self._function(instance)
            instance.__dict__[self._name] = value, looks
            return value
        instance.files.note(kept[1])
        return kept[0]


class Memory(Generic[V]):
    """Results by key, each worked out once; asking again counts as looking again."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._kept: dict[Any, tuple[V, dict[Look, None]]] = {}

    def get(self, key: Any, work_out: Callable[[], V]) -> V:
        kept = self._kept.get(key)
        if kept is None:
            with self._files.recording() as looks:
                value = work_out()
            self._kept[key] = value, looks
            return value
        self._files.note(kept[1])
        return kept[0]
