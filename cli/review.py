"""Reviewing stored content on a terminal: one row after the other, approved, rejected or edited."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from botticelli.runtime.content.catalog import Page
    from botticelli.runtime.databases.database import Database

_KEYS = "[a]pprove  [r]eject  [e]dit  [s]kip  [b]ack  [q]uit"


async def review_rows(database: "Database", table: str, status: str) -> None:
    """Go through the rows of a table that have a status. Raises QueryError, DatabaseError."""
    from botticelli.runtime.content.catalog import STATUS, change, key_of, read_page

    page = await read_page(database, table, status=status)
    number, changed = 0, {"approved": 0, "rejected": 0}
    while number < len(page.rows):
        row = page.rows[number]
        key = key_of(page.table, row)
        _show(row, number, len(page.rows), table)
        match click.getchar().lower():
            case "a" | "r" as choice:
                decided = "approved" if choice == "a" else "rejected"
                await change(database, table, [key], {STATUS: decided})
                changed[decided] += 1
                row[STATUS] = decided
                click.secho(f"  {decided}", fg="green" if choice == "a" else "red")
                number += 1
            case "e":
                await _edit(database, page, number)
            case "s" | "\x1b[c":
                number += 1
            case "b" | "\x1b[d":
                number = max(0, number - 1)
            case "q" | "\x03" | "\x04":
                break
    click.echo(
        f"{changed['approved']} approved, {changed['rejected']} rejected, "
        f"{len(page.rows) - sum(changed.values())} left as they were"
    )


async def _edit(database: "Database", page: "Page", number: int) -> None:
    """Let the person change a row in an editor, as JSON; what is wrong with it is said."""
    from botticelli.runtime.content.catalog import change, editable, edited, key_of, read_page
    from botticelli.runtime.databases.filters import QueryError

    before = editable(page.table, page.rows[number])
    text = click.edit(json.dumps(before, ensure_ascii=False, indent=2) + "\n", extension=".json")
    if text is None:
        return
    key = key_of(page.table, page.rows[number])
    try:
        values = edited(before, text)
        if values:
            await change(database, page.table.name, [key], values)
            again = await read_page(database, page.table.name, ids=[key])
            page.rows[number] = again.rows[0]
    except QueryError as error:
        click.secho(f"  not changed: {error}", fg="yellow")


def _show(row: dict[str, Any], number: int, count: int, table: str) -> None:
    click.echo("")
    click.secho(f"{table}: {number + 1} of {count}", bold=True)
    width = max(len(name) for name in row)
    for name, value in row.items():
        if value is not None:
            click.echo(f"  {click.style(name.ljust(width), dim=True)}  {cell(value, width + 4)}")
    click.echo(f"\n  {_KEYS}")


def cell(value: Any, indent: int) -> str:
    """Return a value as a person reads it: its lines below each other, nothing that steers the
    terminal."""
    from botticelli.compiler.semantics.templates import printed

    lines = printed(value).splitlines() or [""]
    shown = ["".join(each if each.isprintable() else "\ufffd" for each in line) for line in lines]
    return ("\n" + " " * indent).join(shown)
