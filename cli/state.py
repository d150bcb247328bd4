"""`botticelli state`: what a project remembers between runs, under `state.KEY` in templates."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.cli.printable import echo_text

if TYPE_CHECKING:
    from botticelli.runtime.state import Remembered, StateStore

_PROJECT = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project's folder; by default that of the working directory.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Write values as JSON.")


@click.group("state")
def command() -> None:
    """Show and change what a project remembers between runs.

    Runs remember the ids in the results of commands, as `discord.messages.send.id` and as `id`;
    templates and conditions read them as `state.KEY`.
    """


@command.command("list")
@_JSON
@_PROJECT
def list_keys(project: Path | None, as_json: bool) -> None:
    """List every key with its value."""
    entries = _entries(_store(project))
    if as_json:
        echo_text(_as_json({each.key: each.value for each in entries}, indent=2))
        return
    width = max((len(each.key) for each in entries), default=0)
    for each in entries:
        by = f"by {each.run}" if each.run else "by hand"
        echo_text(f"{each.key:<{width}}  {_moment(each.written)}  {by}  {_as_json(each.value)}")


@command.command("get", short_help="Print the value of KEY.")
@click.argument("key")
@_JSON
@_PROJECT
def get_key(key: str, project: Path | None, as_json: bool) -> None:
    """Print the value of KEY as it stands in a prompt; exits with 1 when there is none."""
    from botticelli.compiler.semantics.templates import printed

    values = {each.key: each.value for each in _entries(_store(project))}
    if key not in values:
        _fail(_unknown(key, values))
    echo_text(_as_json(values[key]) if as_json else printed(values[key]))


@command.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--json", "as_json", is_flag=True, help="VALUE is JSON, and not text.")
@_PROJECT
def set_key(key: str, value: str, project: Path | None, as_json: bool) -> None:
    """Let KEY have VALUE, a text."""
    import msgspec

    from botticelli.runtime.problems import StoreError

    if not all(key.split(".")) or key != key.strip():
        raise click.UsageError(f"a key is made of names with dots between them, not {key!r}")
    try:
        found: Any = msgspec.json.decode(value) if as_json else value
    except msgspec.DecodeError as error:
        raise click.UsageError(f"VALUE is no JSON: {error}") from error
    store = _store(project)
    try:
        store.set(key, found)
    except StoreError as error:
        _fail(str(error))
    finally:
        store.close()


@command.command("unset")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@_PROJECT
def unset_keys(keys: tuple[str, ...], project: Path | None) -> None:
    """Forget keys; exits with 1 when one of them is not there."""
    from botticelli.runtime.problems import StoreError

    store = _store(project)
    try:
        missing = [key for key in keys if not store.unset(key)]
        if missing:
            known = store.values()
            _fail(*(_unknown(key, known) for key in missing))
    except StoreError as error:
        _fail(str(error))
    finally:
        store.close()


def _store(project: Path | None) -> "StateStore":
    from botticelli.compiler.workspace.discovery import project_of
    from botticelli.runtime.state import StateStore

    if project is None:
        project, _ = project_of(Path.cwd() / "here")
    return StateStore(project.absolute())


def _entries(store: "StateStore") -> "list[Remembered]":
    from botticelli.runtime.problems import StoreError

    try:
        return store.entries()
    except StoreError as error:
        _fail(str(error))
    finally:
        store.close()


def _unknown(key: str, known: dict[str, Any]) -> str:
    from botticelli.compiler.nearest import nearest

    guess = nearest(key, known)
    return f"there is no key {key!r}" + (f"; did you mean `{guess}`?" if guess else "")


def _fail(*messages: str) -> NoReturn:
    for message in messages:
        echo_text(f"error: {message}", err=True)
    sys.exit(EXIT_FINDINGS)


def _as_json(value: Any, indent: int | None = None) -> str:
    from botticelli.compiler.semantics.templates import as_json

    return as_json(value, indent)


def _moment(time: float) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
