"""`botticelli compile --explain`: a narrative and its bounds, explained in a format."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from botticelli.cli.colors import wants_color
from botticelli.cli.main import EXIT_FINDINGS
from botticelli.cli.problems import say
from botticelli.compiler.ir.program import Multipliers
from botticelli.compiler.semantics.tokens import Counting

if TYPE_CHECKING:
    from botticelli.compiler.budget.models import Models
    from botticelli.compiler.budget.result import Budget
    from botticelli.compiler.compile import CompileResult
    from botticelli.compiler.explain.course import Begin
    from botticelli.compiler.explain.explanation import Explanation
    from botticelli.compiler.explain.sources import Sources


class Question(Struct, frozen=True, kw_only=True):
    """Of which file an explanation is asked, and under which limits. `counting` knows what the
    provider has counted, `begin` what has been used until now."""

    file: Path
    driver: str | None = None
    tier: str | None = None
    budget: Multipliers = Multipliers()
    counting: Counting | None = None
    begin: "Begin | None" = None


class Wish(Struct, frozen=True, kw_only=True):
    """What is to be said, and how. `against` is a revision of git, `max_increase` a share."""

    format_name: str = "text"
    color: bool = False
    now: bool = False
    count_tokens: bool = False
    against: str | None = None
    max_increase: float | None = None


def answer(result: "CompileResult", question: Question, wish: Wish) -> tuple[bytes, bool]:
    """Return what is written, and whether bounds have grown by more than is wished.

    Raises click.UsageError for what cannot be asked.
    """
    if wish.now:
        from botticelli.cli.beginning import begun

        question = begun(result, question)
    if wish.count_tokens:
        from botticelli.cli.counting import counted

        question = counted(result, question)
    if wish.against is not None:
        return compare(result, question, wish, wish.against)
    return explained(result, question, wish.format_name, color=wish.color), False


def explained(
    result: "CompileResult", question: Question, format_name: str, *, color: bool
) -> bytes:
    """Return the explanation of what was compiled. Raises click.UsageError for an unknown tier."""
    detailed = format_name in {"json", "html"}
    explanation, sources = explanation_of(result, question, detailed=detailed)
    match format_name:
        case "text":
            from botticelli.compiler.explain.text import render

            text = render(explanation, color=color and wants_color(sys.stdout))
        case "json":
            from botticelli.compiler.explain.json import render as as_json

            text = as_json(explanation)
        case "html":
            from botticelli.compiler.explain.page import render as as_page

            text = as_page(explanation, sources)
        case _:
            from botticelli.compiler.explain.mermaid import render as as_mermaid

            text = as_mermaid(explanation)
    return text.encode()


def compare(
    result: "CompileResult", question: Question, wish: Wish, revision: str
) -> tuple[bytes, bool]:
    """Return what differs from another revision, and whether bounds grew by more than is
    wished.

    Raises click.UsageError where there is nothing to compare with.
    """
    from botticelli.cli.against import compared
    from botticelli.compiler.explain.difference import past

    if wish.format_name not in {"text", "json"}:
        raise click.UsageError("--against is written as text or json")
    found = compared(result, question, revision)
    if wish.format_name == "json":
        from botticelli.compiler.explain.json import render as as_json

        text = as_json(found)
    else:
        from botticelli.compiler.explain.difference_text import render

        text = render(found, color=wish.color and wants_color(sys.stdout))
    most = wish.max_increase
    grown = () if most is None else past(found, most)
    for each in grown:
        how = "without measure" if each.increase is None else f"by {each.increase:.0%}"
        click.echo(f"error: {each.name} grow {how}, more than {most:.0%}", err=True)
    return text.encode(), bool(grown)


def explanation_of(
    result: "CompileResult", question: Question, *, detailed: bool
) -> "tuple[Explanation, Sources]":
    """Return the explanation, and the sources that it speaks of. ``detailed``: with the pieces of
    prompts and the course of the run."""
    from botticelli.compiler.explain.explaining import explain
    from botticelli.compiler.explain.sources import Sources

    budget, models = bounded(result, question)
    _check_shares(budget)
    project = Path(result.configuration.project)
    sources = Sources(result.units, project)
    name = Path(os.path.relpath(question.file.absolute(), project)).as_posix()
    return explain(
        budget, models, name, sources.locate if detailed else None, question.begin
    ), sources


def bounded(result: "CompileResult", question: Question) -> "tuple[Budget, Models]":
    """Return the bounds of what was compiled, and what is known of its models.

    Raises click.UsageError for an unknown tier.
    """
    from botticelli.compiler.budget.analysis import budget_of
    from botticelli.compiler.budget.models import Models

    assert result.lowered is not None
    configuration = result.configuration
    models = Models(configuration, question.driver, question.tier, question.counting)
    if result.budget is not None and question == Question(file=question.file, begin=question.begin):
        return result.budget, models
    _check_tier(models, question.tier)
    try:
        budget = budget_of(
            result.lowered, models, project=configuration.budget, command_line=question.budget
        )
    except RecursionError as error:
        say(f"this cannot be explained: {error}")
        sys.exit(EXIT_FINDINGS)
    return budget, models


def _check_shares(budget: "Budget") -> None:
    """A share of a limit that leaves nothing of it is a wrong option, as those of the source are
    findings. Raises click.UsageError."""
    from botticelli.compiler.semantics.limits import LimitError, scale

    for ask in budget.acts:
        try:
            scale(ask.model.facts.limits, ask.multipliers)
        except LimitError as error:
            raise click.UsageError(f"{ask.model.name}: {error}") from error


def _check_tier(models: "Models", tier: str | None) -> None:
    from botticelli.compiler.nearest import listing, nearest
    from botticelli.compiler.semantics.providers import UnknownTierError

    try:
        models.providers.tier(models.provider, tier)
    except UnknownTierError as error:
        guess = nearest(error.tier, error.known)
        hint = f"did you mean `{guess}`?" if guess else f"it has {listing(error.known)}"
        raise click.UsageError(f"{error}; {hint}") from error
