"""What the inputs of an act put into its prompt, and what of them stays in the history."""

from msgspec import Struct

from botticelli.compiler.budget.contents import (
    expected_row_bytes,
    rows_of,
    table_bytes,
    unbounded_column,
)
from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.budget.models import Model
from botticelli.compiler.budget.sizes import (
    BYTES_PER_TOKEN_EXPECTED,
    Size,
    Value,
    bounded,
    known,
)
from botticelli.compiler.ir.program import CommandInput, MediaInput, Place, TableInput
from botticelli.compiler.ir.types import List, Unknown
from botticelli.compiler.semantics.media_tokens import Medium, tokens_of
from botticelli.compiler.semantics.tokens import Family

KEPT_BYTES = 10_000
"""The longest input that stays in the history as it is."""


class Contribution(Struct, frozen=True):
    """What one input gives to a message, what stays of it (None: nothing), and its value."""

    place: Place
    size: Size
    kept: Size | None
    value: Value
    rows: bool = False
    why: str = ""


def contributed(
    place: Place,
    retention: str,
    size: Size,
    summary: Size,
    *,
    value: Value,
    family: Family,
    rows: bool = False,
    summarizes: bool = True,
    why: str = "",
) -> Contribution:
    """Apply an input's retention to it; what is too long is summarised even when it is kept."""
    if retention == "drop":
        return Contribution(place, size, None, value, rows=False, why=why)
    if retention == "summary" or (summarizes and size.least > KEPT_BYTES):
        return Contribution(place, size, summary, value, rows=False, why=why)
    if not summarizes or (size.most is not None and size.most <= KEPT_BYTES):
        return Contribution(place, size, size, value, rows=rows, why=why)
    stays = size.expected * BYTES_PER_TOKEN_EXPECTED <= KEPT_BYTES
    longest = KEPT_BYTES * family.growth
    ceilings = [longest if size.ceiling is None else min(size.ceiling, longest)]
    ceilings.append(longest if summary.ceiling is None else summary.ceiling)
    kept = Size(
        min(size.floor, summary.floor),
        size.expected if stays else summary.expected,
        max(ceilings),
        0,
        KEPT_BYTES,
    )
    return Contribution(place, size, kept, value, rows=rows and stays, why=why)


def part(size: Size, family: Family) -> Interval:
    """A text as part of a message: a line end between it and the next may be a token."""
    ceiling = None if size.ceiling is None else size.ceiling + family.prefix + 1
    return Interval(size.floor, size.expected, ceiling)


def text_summary(family: Family) -> Size:
    return bounded(40, family, 6.0)


def command_contribution(source: CommandInput, family: Family) -> Contribution:
    """The result of a command, of which only `max_bytes` bounds the length."""
    name = f"{source.platform}.{source.command}"
    why = f"nothing bounds the result of `{name}`; give it `max_bytes`"
    size = bounded(source.max_bytes, family)
    # The value that templates see is the whole result; only its text is cut.
    value = Value(expected=size.expected, ceiling=None, most=None, json=None, why=why)
    return contributed(
        source.place,
        source.retention,
        size,
        known(f"[Bot command: {name}]", family),
        value=value,
        family=family,
        why=why if source.max_bytes is None else "",
    )


def table_contribution(source: TableInput, family: Family) -> Contribution:
    """The rows of a table, bounded by their number and their types, or by `max_bytes`."""
    cells, rows = table_bytes(source, source.format), table_bytes(source, "rows")
    text = _least(cells, source.max_bytes)
    expected = rows_of(source) * expected_row_bytes(source)
    if source.max_bytes is not None:
        expected = min(expected, source.max_bytes)
    why = unbounded_column(source) or ""
    size = bounded(text, family, expected / BYTES_PER_TOKEN_EXPECTED)
    value = Value(
        expected=size.expected,
        ceiling=size.ceiling,
        most=text,
        json=rows,
        type=List(source.row or Unknown()),
        why=why,
    )
    summary = bounded(len(source.table.source.encode()) * 4 + 40, family, 8.0)
    if "{" in source.table.source:
        summary = bounded(None, family, 12.0)
    return contributed(
        source.place,
        source.retention,
        size,
        summary,
        value=value,
        family=family,
        rows=True,
        why=why if text is None else "",
    )


def media_contribution(source: MediaInput, medium: Medium, model: Model) -> Contribution:
    """A medium: its tokens, where the provider's rules and its size bound them."""
    family = model.family
    expected, most = tokens_of(medium, model.facts.media)
    size = Size(0, float(expected), most, medium.size or 0, medium.size)
    why = "" if most is not None else _unbounded_medium(source, medium, model)
    value = Value(expected=0.0, ceiling=None, most=None, json=None, why=why)
    return contributed(
        source.place,
        source.retention,
        size,
        bounded(60, family, 8.0),
        value=value,
        family=family,
        rows=True,
        summarizes=medium.size is not None,
        why=why,
    )


def _unbounded_medium(source: MediaInput, medium: Medium, model: Model) -> str:
    if medium.size is None or (source.kind == "image" and medium.pixels is None):
        return f"the size of this {source.kind} is not known; give it as a file of the project"
    return f"nothing is known of what `{model.name}` counts for this {source.kind}"


def _least(*bounds: int | None) -> int | None:
    return min((each for each in bounds if each is not None), default=None)
