"""What is known of the media of a program before it runs: those that stand in it or in files."""

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from botticelli.compiler.ir.program import MediaInput
from botticelli.compiler.semantics.media import mime_of
from botticelli.compiler.semantics.media_tokens import Medium, pixels_of
from botticelli.compiler.semantics.templates import has_tags

Look = Callable[[MediaInput], Medium]
"""Says what is known of a medium."""

_HEAD = 1_000_000
"""Bytes within which an image tells its size."""


def on_disk(project: str) -> Look:
    """Look at the files of a project."""
    known: dict[tuple[str, str], Medium] = {}

    def look(source: MediaInput) -> Medium:
        if source.base64 is not None:
            return _written(source, source.base64)
        if source.file is None or has_tags(source.file.source):
            return Medium(kind=source.kind, mime=source.mime)
        key = (source.place.path, source.file.source)
        if key not in known:
            folder = Path(project) / PurePosixPath(source.place.path).parent
            known[key] = _read(source, folder / source.file.source)
        return known[key]

    return look


def _read(source: MediaInput, path: Path) -> Medium:
    mime = source.mime or mime_of(path.name)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            pixels = pixels_of(file.read(_HEAD)) if source.kind == "image" else None
    except OSError:
        return Medium(kind=source.kind, mime=mime)
    return Medium(kind=source.kind, size=size, pixels=pixels, mime=mime)


def _written(source: MediaInput, text: str) -> Medium:
    content = text.rpartition(";base64,")[2]
    try:
        data = b64decode("".join(content.split()))
    except ValueError:
        data = b""
    pixels = pixels_of(data) if source.kind == "image" else None
    return Medium(kind=source.kind, size=len(data), pixels=pixels, mime=source.mime)
