"""`botticelli exec`: check, compile and run a narrative.

Exit codes: 0 when the run did what was asked (iterations that failed under `continue_on_error`
included), 1 when the check found errors, when something is missing that the command line does not
give, when the run failed, when a budget ended it with work undone and when its output could not be
written, 2 for a wrong command line, 3 for a fault of Botticelli's own, 130 after Ctrl-C and 143
after SIGTERM, as shells expect of a command that a signal has ended.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from botticelli.cli.numbers import SHARE, FiniteRange


def _parse_variables(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    variables: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE", ctx, param)
        variables[name] = value
    return variables


def _read_trigger(ctx: click.Context, param: click.Parameter, file: IO[bytes] | None) -> str | None:
    if file is None:
        return None
    import msgspec

    data = file.read()
    try:
        msgspec.json.decode(data)
        return data.decode()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise click.BadParameter(
            f"{getattr(file, 'name', '-')} holds no JSON: {error}", ctx, param
        ) from error


class _DriverOption(click.Option):
    """Its help names the drivers that are installed, other people's included."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from botticelli.runtime.plugins import DRIVERS, names

        assert self.help is not None
        self.help = self.help.replace("{names}", ", ".join(names(DRIVERS)))
        return super().get_help_record(ctx)


class _Exec(click.Command):
    """Says what is wrong with its command line in the form of the log, where that is asked for."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        given = list(args)  # which parsing takes apart
        with _logged(given):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _logged([] if ctx.params.get("log_format") is None else ["--log-format=json"]):
            return super().invoke(ctx)


@contextmanager
def _logged(arguments: list[str]) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        from botticelli.cli.logs import LoggedError, wants_json

        if not wants_json(arguments):
            raise
        raise LoggedError(error.format_message()) from error


@click.command("exec", cls=_Exec)
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option("--narrative", metavar="NAME", help="Which narrative, if the file holds several.")
@click.option(
    "--driver",
    cls=_DriverOption,
    metavar="NAME",
    help="What asks the model, by default gemini; there are {names}. Some take options, as in "
    "simulate:delay=0.5,fail=2 or replay:file=tests/tale.jsonl.",
)
@click.option(
    "--database",
    metavar="URL",
    help="The database with the tables; else DATABASE_URL, `[database] url`, or the project's own.",
)
@click.option("--tier", metavar="NAME", help="The provider's tier, whose limits are kept.")
@click.option("--rpm-multiplier", type=SHARE, help="Share of the requests per minute to use.")
@click.option("--tpm-multiplier", type=SHARE, help="Share of the tokens per minute to use.")
@click.option("--rpd-multiplier", type=SHARE, help="Share of the day's limits to use.")
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_parse_variables,
    help="Set a variable; may be given several times.",
)
@click.option(
    "--count-tokens",
    is_flag=True,
    help="Have the provider count the input that minutes reserve, where it can, not estimate it.",
)
@click.option(
    "--trigger",
    metavar="FILE",
    type=click.File("rb"),
    callback=_read_trigger,
    help="What starts the narrative: the JSON of a webhook's body; - reads standard input.",
)
@click.option("--max-requests", type=click.IntRange(min=1), help="Requests this run may send.")
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    help="Tokens that this run may take, in and out together.",
)
@click.option(
    "--max-cost",
    type=FiniteRange(min=0, min_open=True),
    help="US dollars that this run may cost.",
)
@click.option("--only", metavar="ACT", help="Run this act alone; with --run, on its results.")
@click.option("--from", "start", metavar="ACT", help="Begin with this act, on results of --run.")
@click.option("--run", "origin", metavar="RUN", help="The run whose results are used.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with an earlier run: its id, the beginning of it, or `last`.",
)
@click.option(
    "--on-unknown",
    type=click.Choice(["skip", "repeat"]),
    help="What to do with a write of which nobody knows whether it took effect.",
)
@click.option(
    "--yes",
    "confirmed",
    metavar="COMMAND",
    multiple=True,
    help="Confirm a command beforehand; may be given several times.",
)
@click.option(
    "--dry-run", is_flag=True, help="Ask the models, but show what writes instead of doing it."
)
@click.option(
    "--events",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write every event to a file, as JSON lines.",
)
@click.option(
    "--event-answers",
    is_flag=True,
    help="Write the answers to the event file as well, in pieces, as they come.",
)
@click.option(
    "--no-stream", is_flag=True, help="Ask for whole answers, and show none while it comes."
)
@click.option(
    "--log-format",
    type=click.Choice(["json"]),
    help="Log what happens to standard error, one JSON object a line.",
)
@click.option("--log-prompts", is_flag=True, help="Log prompts and answers as well.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but what went wrong.")
@click.option("--no-color", is_flag=True, help="Write no colours.")
def command(**given: Any) -> None:
    """Check and compile FILE, and run a narrative of it. FILE may be a compiled one."""
    from botticelli.cli.execution import CommandLine, execute

    sys.exit(execute(CommandLine(**given)))
