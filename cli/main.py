"""The `botticelli` command. Each sub-command is imported when it is called, and not before."""

import sys
from importlib import import_module
from typing import Any

import click

from botticelli.compiler.version import VERSION

_COMMANDS = {
    "check": "Find what is wrong in narratives before anything runs.",
    "compile": "Compile a narrative to its intermediate representation.",
    "content": "List, show, export and review what is stored of answers.",
    "exec": "Check, compile and run a narrative.",
    "rule": "Explain a rule of the checker, or list all of them.",
    "runs": "Show what earlier runs did, and delete them.",
    "migrate": "Rewrite older forms of narratives into the present ones.",
    "state": "Show and change what a project remembers between runs.",
    "schema": "Keep what is known of a database's tables in schema.lock.toml.",
}

EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_INTERNAL = 3
EXIT_INTERRUPTED = 130


class _LazyGroup(click.Group):
    """Knows its commands by name; loads one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"botticelli.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from botticelli.compiler.nearest import nearest

            guess = nearest(args[0], _COMMANDS)
            hint = f" Did you mean `{guess}`?" if guess else ""
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; Ctrl-C ends it as shells expect, also while it asks something."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)
        except click.Abort as abort:
            if isinstance(abort.__context__, KeyboardInterrupt):
                sys.exit(EXIT_INTERRUPTED)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, prog_name="botticelli", message="%(prog)s %(version)s")
def cli() -> None:
    """A compiler, static checker and runtime for narratives: workflows of model calls."""


def main() -> None:
    """Run the command line; an error of our own says how to report it and exits with 3."""
    from botticelli.cli.output import OutputError, judge_output, watch_output

    watch_output()
    code: str | int | None = 0
    try:
        cli(prog_name="botticelli")
    except SystemExit as end:
        code = end.code
    except OutputError:
        code = EXIT_FINDINGS
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _report_internal_error(error)
        code = EXIT_INTERNAL
    if not judge_output():
        code = code or EXIT_FINDINGS
    sys.exit(code)


def _report_internal_error(error: Exception) -> None:
    import os
    import tempfile
    import traceback

    # The traceback may hold a user's data, so it goes to a file of theirs and not into a log.
    handle, path = tempfile.mkstemp(prefix="botticelli-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"botticelli {VERSION}, Python {sys.version}\n\n")
        traceback.print_exception(error, file=file)
    message = (
        f"botticelli: internal error ({type(error).__name__}). This is a bug in Botticelli, not in "
        f"your narrative.\nThe details are in {path}; please open an issue with them, after "
        "removing what is private."
    )
    if "--log-format" in " ".join(sys.argv):
        from botticelli.cli.logs import LoggedError, wants_json

        if wants_json(sys.argv):
            LoggedError(message.replace("\n", " ")).show()
            return
    click.echo(message, err=True)
