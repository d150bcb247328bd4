"""An explanation as text for a terminal of 80 columns."""

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.facts import act_name, given_text, limits_text
from botticelli.compiler.explain.figures import write_figures
from botticelli.compiler.explain.flow_text import write_flow
from botticelli.compiler.explain.sheet import Sheet
from botticelli.compiler.explain.wording import (
    counted,
    listed,
    place_text,
    whole,
)
from botticelli.compiler.report.colors import (
    BOLD,
    FRAME,
    HELP,
    SECONDARY,
    SEVERITY,
    SUCCESS,
    painter,
)
from botticelli.grammar.catalogue import Severity

VERDICTS = {
    "feasible": SUCCESS,
    "likely": SUCCESS,
    "unlikely": SEVERITY[Severity.WARNING],
    "infeasible": SEVERITY[Severity.ERROR],
}
_LEFT = "  "


def render(explanation: shown.Explanation, *, color: bool = False) -> str:
    """Return the text, with colours or without."""
    sheet = Sheet(painter(color=color))
    _write_head(sheet, explanation)
    write_flow(sheet, explanation)
    _write_given(sheet, explanation)
    _write_tables(sheet, explanation)
    _write_commands(sheet, explanation)
    _write_again(sheet, explanation)
    write_figures(sheet, explanation)
    _write_verdict(sheet, explanation)
    _write_unbounded(sheet, explanation)
    _write_assumed(sheet, explanation)
    return sheet.text()


def _write_head(sheet: Sheet, explanation: shown.Explanation) -> None:
    entry = explanation.narratives[0]
    sheet.line((entry.name, BOLD), (f"  {explanation.source}", FRAME))
    with sheet.margin(_LEFT):
        if entry.description:
            sheet.words(entry.description)
        sheet.blank()
        sheet.words(" ".join(explanation.summary))


def heading(sheet: Sheet, title: str) -> None:
    """Write the title of a section."""
    sheet.blank()
    sheet.line((title, BOLD))


def _write_given(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.given:
        return
    heading(sheet, "What it is given")
    prefixes = {"variable": "vars.", "environment": "env.", "state": "state."}
    with sheet.margin(_LEFT):
        for each in explanation.given:
            name = prefixes[each.kind] + each.name
            sheet.words(given_text(each), head=f"{name}  ", indent=26, style=SECONDARY)


def _write_tables(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.tables:
        return
    heading(sheet, "Tables")
    verbs = {"reads": "read by", "consumes": "consumed by", "writes": "written by"}
    with sheet.margin(_LEFT):
        for table in dict.fromkeys(each.table for each in explanation.tables):
            sheet.line((table, SECONDARY))
            for use in explanation.tables:
                if use.table == table:
                    head = f"  {verbs[use.does]} {act_name(explanation, use.narrative, use.act)}: "
                    sheet.words("; ".join(use.details), head=head, indent=6)


def _write_commands(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.commands:
        return
    heading(sheet, "Commands")
    with sheet.margin(_LEFT):
        for use in explanation.commands:
            what = "changes something" if use.writes else "only looks"
            where = act_name(explanation, use.narrative, use.act)
            sheet.line((use.command, SECONDARY), f"  {what}, in {where}")
            with sheet.margin(_LEFT):
                _write_command(sheet, use)


def _write_command(sheet: Sheet, use: shown.CommandUse) -> None:
    if use.about:
        sheet.words(use.about, head="does       ")
    if use.writes:
        allowed = use.allowed_by or "nothing: it will be refused"
        sheet.words(allowed, head="allowed by ")
        asked = "a person agrees each time" if use.confirmed else "nobody is asked before"
        sheet.words(asked, head="confirmed  ")
    if use.restraints:
        sheet.words("; ".join(use.restraints), head="held to    ")
    for argument in use.arguments:
        sheet.words(argument, head="sends      " if use.writes else "asks for   ")


def _write_again(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.resent:
        return
    heading(sheet, "What is sent again")
    with sheet.margin(_LEFT):
        most = sorted(explanation.resent, key=lambda each: -each.history.expected)
        for each in most[:5]:
            act = act_name(explanation, each.narrative, each.act)
            said = (
                f"about {whole(each.history.expected)} tokens of its first request are the "
                f"conversation before it, {each.share:.0%} of it"
            )
            sheet.words(said, head=f"{act}  ", indent=16, style=SECONDARY)
        if len(most) > 5:
            sheet.words(f"and {counted(len(most) - 5, 'act')} more with less")
        for again in explanation.again:
            act = act_name(explanation, again.narrative, again.act)
            said = (
                f"{again.title} of {act}: about {whole(again.tokens)} tokens after the first time"
            )
            sheet.words(said)


def _write_verdict(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.pools:
        return
    heading(sheet, "Does it fit")
    with sheet.margin(_LEFT):
        style = VERDICTS[explanation.verdict]
        sheet.words(explanation.reason, head=f"{explanation.verdict}  ", style=style)
        if (now := explanation.now) is not None:
            ends = f"would end at {now.ends} at the earliest" if now.ends else "would not complete"
            sheet.words(f"begun at {now.begins} it {ends}", head="now  ")
        for part in explanation.carousels:
            if len(explanation.carousels) > 1:
                _write_carousel(sheet, part)
        for pool in explanation.pools:
            sheet.words(f"{listed(pool.models)}: {limits_text(pool)}", head="limits  ")


def _write_carousel(sheet: Sheet, part: shown.CarouselPart) -> None:
    names = {"carousel": "carousel of", "repeat": "repeat in", "act": "act"}
    of = part.act if part.act is not None else part.path[-1]
    name = f"{names[part.unit]} {of}, {counted(part.repetition.iterations, 'time')}"
    sheet.words(f"{part.verdict}: {part.reason}", head=f"{name}  ", indent=4)


def _write_unbounded(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.unbounded:
        return
    heading(sheet, "Why there is no upper bound")
    with sheet.margin(_LEFT):
        for each in explanation.unbounded:
            act = act_name(explanation, each.narrative, each.act)
            where = f" ({place_text(each.place)})" if each.place is not None else ""
            sheet.words(f"{each.why}{where}", head=f"{act}  ", indent=16, style=HELP)


def _write_assumed(sheet: Sheet, explanation: shown.Explanation) -> None:
    if not explanation.assumptions:
        return
    heading(sheet, "What is assumed")
    with sheet.margin(_LEFT):
        for each in explanation.assumptions:
            sheet.words(each, head="- ")
