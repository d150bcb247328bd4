"""`carousel = N` in a table of contents, which is `[carousel] iterations = N` today."""

from collections.abc import Iterator

from botticelli.compiler.diagnostics import Edit
from botticelli.compiler.migrate.editing import (
    above_comments,
    is_inline,
    is_toml,
    line_of,
    line_start,
    remove,
    rename,
    replace,
    text_of,
    written,
)
from botticelli.compiler.narrative.model import NarrativeFile
from botticelli.compiler.syntax.nodes import Scalar, Table


def carousel_edits(file: NarrativeFile) -> Iterator[Edit]:
    """Give every table of contents that says a number of iterations a carousel beside it."""
    holders = [file.document.root, *(narrative.header for narrative in file.narratives)]
    for holder in holders:
        contents = holder.entries.get("toc")
        if not isinstance(contents, Table) or "carousel" in holder.entries:
            continue
        number = contents.entries.get("carousel")
        if isinstance(number, Scalar) and len(contents.entries) == 1:
            yield rename(holder, "toc", "carousel")
            yield rename(contents, "carousel", "iterations")
            continue
        removal = remove(contents, "carousel", comment=False) if number else None
        if removal is None or not isinstance(number, Scalar):
            continue
        line = line_of(contents, "carousel")
        comment = f"  {line.comment}" if line and line.comment else ""
        addition = _beside(contents, holder, written(number), comment)
        if addition is not None:
            yield removal
            yield addition


def _beside(contents: Table, holder: Table, number: str, comment: str) -> Edit | None:
    """Write the carousel before the table of contents and the comments that stand above it."""
    text, span, key = text_of(contents), contents.span, holder.place.keys["toc"]
    if is_toml(contents) and written(contents).startswith("["):
        header = f"{text[span.start : key.start]}carousel{text[key.end : span.end]}"
        place = line_start(text, span.start)
        section = f"{header}\niterations = {number}{comment}\n\n"
    else:
        place = line_start(text, key.start)
        prefix = text[place : key.start]
        if prefix.strip() or is_inline(holder) or (is_toml(contents) and not is_inline(contents)):
            return None
        section = f"{prefix}carousel:\n{prefix}  iterations: {number}{comment}\n"
        if is_toml(contents):
            section = f"{prefix}carousel = {{ iterations = {number} }}\n"
    place = above_comments(text, place)
    return replace(contents, place, place, section)
