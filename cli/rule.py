"""`botticelli rule`: what a rule finds, why it matters, and how it is satisfied or silenced."""

import sys

import click

from botticelli.grammar.catalogue import RULES, Rule

FORMATS = ("text", "json", "markdown")


def _rule(ctx: click.Context, param: click.Parameter, value: str | None) -> Rule | None:
    """Take a word from the command line as a rule's code or name, in any case."""
    if value is None:
        return None
    wanted = value.strip().casefold().replace("_", "-")
    for rule in RULES.values():
        if wanted in {rule.code.casefold(), rule.name}:
            return rule
    raise click.BadParameter(f"there is no rule `{value}`.{_hint(value)}", ctx, param)


def _hint(value: str) -> str:
    """Say which rule was most likely meant, or where all of them are listed."""
    from botticelli.compiler.findings.selection import nearest_rule

    guess = nearest_rule(value.strip())
    if guess is None:
        return " `botticelli rule` lists all of them."
    rule = next(each for each in RULES.values() if guess in {each.code, each.name})
    return f" Did you mean `{rule.name}` ({rule.code})?"


@click.command("rule")
@click.argument("rule", callback=_rule, required=False, metavar="[CODE|NAME]")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How it is written.",
)
@click.option("--no-color", is_flag=True, help="Write no colours.")
def command(rule: Rule | None, format_name: str, no_color: bool) -> None:
    """Explain a rule, by its code or name; without one, list all rules."""
    from botticelli.cli.colors import wants_color
    from botticelli.cli.rule_page import as_json, as_markdown, as_text, listed, whole_page
    from botticelli.compiler.report.colors import painter

    color = not no_color and format_name == "text" and wants_color(sys.stdout)
    paint = painter(color=color)
    if format_name == "json":
        text = as_json(rule)
    elif format_name == "markdown":
        text = whole_page() if rule is None else as_markdown(rule)
    else:
        text = listed(paint) if rule is None else as_text(rule, paint)
    click.echo(text, nl=False, color=color)
