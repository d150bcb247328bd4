"""`botticelli compile`: a narrative as the runtime gets it, or explained to a person."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS
from botticelli.cli.numbers import SHARE

if TYPE_CHECKING:
    from botticelli.compiler.compile import CompileResult

FORMATS = ("text", "json", "html", "mermaid")


def _parse_share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        share = float(value.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not value.endswith("%") or not 0 <= share < float("inf"):
        raise click.BadParameter(f"{value!r} is no share in percent, as 20% is", ctx, param)
    return share


@click.command("compile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--narrative", metavar="NAME", help="Which narrative, if the file holds several.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    help="Where the result goes; by default to standard output.",
)
@click.option(
    "--explain",
    "explains",
    is_flag=True,
    help="Say what the narrative does and what it takes, instead of writing the program.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    help="With --explain: how it is written (text by default).",
)
@click.option("--driver", metavar="NAME", help="With --explain: what will ask the model.")
@click.option("--tier", metavar="NAME", help="With --explain: the provider's tier.")
@click.option(
    "--now",
    is_flag=True,
    help="With --explain: begin now, with what the ledger says is used already.",
)
@click.option(
    "--count-tokens",
    is_flag=True,
    help="With --explain: have the provider count the tokens of texts, not estimate them.",
)
@click.option("--rpm-multiplier", type=SHARE, help="Share of the requests per minute to use.")
@click.option("--tpm-multiplier", type=SHARE, help="Share of the tokens per minute to use.")
@click.option("--rpd-multiplier", type=SHARE, help="Share of the day's limits to use.")
@click.option(
    "--against",
    metavar="REV",
    help="With --explain: say what differs from another revision of git.",
)
@click.option(
    "--max-increase",
    metavar="N%",
    callback=_parse_share,
    help="With --against: exit with 1 when a bound grows by more.",
)
@click.option("--no-color", is_flag=True, help="Write no colours.")
def command(
    *,
    file: Path,
    narrative: str | None,
    output: Path | None,
    explains: bool,
    format_name: str | None,
    driver: str | None,
    tier: str | None,
    now: bool,
    count_tokens: bool,
    rpm_multiplier: float | None,
    tpm_multiplier: float | None,
    rpd_multiplier: float | None,
    against: str | None,
    max_increase: float | None,
    no_color: bool,
) -> None:
    """Check FILE and compile a narrative of it to its intermediate representation, as JSON.

    With --explain, say in place of it what runs, on what, what it takes and whether that fits, for
    somebody who has never seen it. Exits with 1 when something is wrong.
    """
    from botticelli.compiler.compile import NarrativeChoiceError, compile_file
    from botticelli.compiler.ir.program import Multipliers
    from botticelli.compiler.semantics.configuration import Asked

    given = {
        "--format": format_name,
        "--driver": driver,
        "--tier": tier,
        "--now": now,
        "--count-tokens": count_tokens,
        "--rpm-multiplier": rpm_multiplier,
        "--tpm-multiplier": tpm_multiplier,
        "--rpd-multiplier": rpd_multiplier,
        "--against": against,
        "--max-increase": max_increase,
    }
    _refuse_without_explain(given, explains=explains)
    if max_increase is not None and against is None:
        raise click.UsageError("--max-increase goes with --against")
    try:
        budget = Multipliers(rpm_multiplier, tpm_multiplier, rpd_multiplier)
        asked = Asked(driver, tier, budget)
        result = compile_file(file, narrative, bounds=not explains, asked=asked)
    except NarrativeChoiceError as error:
        raise click.UsageError(str(error)) from error
    _show_findings(result, no_color=no_color)
    if explains:
        if result.lowered is not None:
            from botticelli.cli.explaining import Question, Wish, answer

            question = Question(file=file, driver=driver, tier=tier, budget=budget)
            wish = Wish(
                format_name=format_name or "text",
                color=output is None and not no_color,
                now=now,
                count_tokens=count_tokens,
                against=against,
                max_increase=max_increase,
            )
            text, grown = answer(result, question, wish)
            _write(text, output)
            if grown:
                sys.exit(EXIT_FINDINGS)
    elif result.program is not None:
        from botticelli.compiler.ir.encoding import encode

        _write(encode(result.program), output)
    if result.program is None:
        sys.exit(EXIT_FINDINGS)


def _refuse_without_explain(asked: Mapping[str, object], *, explains: bool) -> None:
    given = [name for name, value in asked.items() if value not in (None, False)]
    if given and not explains:
        raise click.UsageError(f"{given[0]} goes with --explain")


def _show_findings(result: "CompileResult", *, no_color: bool) -> None:
    from botticelli.cli.colors import wants_color
    from botticelli.compiler.report import render

    if result.diagnostics:
        color = not no_color and wants_color(sys.stderr)
        report = render("text", result.diagnostics, color=color, files=result.files)
        click.echo(report, nl=False, err=True, color=color)


def _write(data: bytes, output: Path | None) -> None:
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from error
