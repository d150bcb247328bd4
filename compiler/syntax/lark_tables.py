"""The parsers of `grammar/*.lark`, made once for each machine.

Lark needs tens of milliseconds to work out the LALR tables of a grammar and a few to read them
back, so they are kept in the user's cache directory. They are kept as MessagePack, which can name
nothing but data, and never as pickles, which whoever may write to a directory could turn into code.
A cache that is absent, damaged or not writable costs time and nothing else.
"""

import os
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

import botticelli.grammar

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Lark

_GRAMMARS = Path(botticelli.grammar.__file__).parent


@cache
def load_parser(name: str, *, start: tuple[str, ...] = ("start",), **options: Any) -> "Lark":
    """Return the LALR parser of ``grammar/NAME.lark``.

    The grammar may import shared terminals from its neighbours: ``%import .literals.NUMBER``.
    ``options`` are Lark's own and must be hashable; those that shape the tables are part of the
    cache's key.
    """
    from lark import Lark

    grammar = (_GRAMMARS / f"{name}.lark").read_text("utf-8")
    settings = {"parser": "lalr", "maybe_placeholders": False, **options}
    path = cache_directory() / f"{name}-{_fingerprint(start, settings)}.tables"
    parser = _stored(path, settings)
    if parser is None:
        source = str(_GRAMMARS / f"{name}.lark")
        tables = _tables(Lark(grammar, start=list(start), source_path=source, **settings))
        _store(tables, path)
        parser = _parser(tables, settings)
    return parser


def cache_directory() -> Path:
    """Return where this user's caches of Botticelli stand, by the custom of the platform."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(base).expanduser() / "botticelli"
    except RuntimeError:  # there is no home directory: a path at which nothing can be stored
        return Path(os.devnull) / "botticelli"


def _fingerprint(start: tuple[str, ...], settings: dict[str, Any]) -> str:
    import lark

    digest = sha256()
    for path in sorted(_GRAMMARS.glob("*.lark")):  # a grammar may import from any of the others
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    shaping = sorted(item for item in settings.items() if item[0] not in _RUN_TIME_OPTIONS)
    versions = (lark.__version__, sys.version_info[:3], start, shaping)
    digest.update(repr(versions).encode())
    return digest.hexdigest()[:32]


_UNBOUNDED = 2**32
_CHECKSUM = sha256().digest_size  # bytes at the head of a file, over all that follows

# Options that say how tables are used and do not stand in them; they are given again on loading.
_RUN_TIME_OPTIONS = {"transformer", "postlex", "lexer_callbacks", "propagate_positions"}


def _parser(tables: dict[str, Any], settings: dict[str, Any]) -> "Lark":
    from lark import Lark

    used = {name: value for name, value in settings.items() if name in _RUN_TIME_OPTIONS}
    load = cast("Callable[..., Lark]", Lark._load_from_dict)  # noqa: SLF001
    return load(tables["data"], tables["memo"], **used)


def _tables(parser: "Lark") -> dict[str, Any]:
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = parser.memo_serialize([TerminalDef, Rule])
    for entry in memo.values():
        width = entry.get("pattern", {}).get("_width")
        if width is not None:  # "without bound" is a number too large for MessagePack
            entry["pattern"]["_width"] = [min(limit, _UNBOUNDED) for limit in width]
    kept = {name: value for name, value in data["options"].items() if name not in _RUN_TIME_OPTIONS}
    return {"data": {**data, "options": kept}, "memo": memo}


def _stored(path: Path, settings: dict[str, Any]) -> "Lark | None":
    try:
        stored = path.read_bytes()
        data = stored[_CHECKSUM:]
        if sha256(data).digest() != stored[:_CHECKSUM]:
            return None
        return _parser(msgspec.msgpack.decode(data, strict=False), settings)
    except Exception:  # noqa: BLE001  damaged in a way that cannot be foreseen: made anew
        return None


def _store(tables: dict[str, Any], path: Path) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = msgspec.msgpack.encode(tables, enc_hook=str)  # Lark names some rules by its tokens
        unfinished.write_bytes(sha256(data).digest() + data)
        unfinished.replace(path)  # at once, so that no other process reads half a file
    except OSError:
        return
