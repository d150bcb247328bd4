"""Judging one file of a workspace: every rule, in turn."""

from collections.abc import Iterable

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.rules.bounding import is_worth_bounding
from botticelli.compiler.rules.commands import check_commands
from botticelli.compiler.rules.composition import check_composition
from botticelli.compiler.rules.conditions import check_conditions
from botticelli.compiler.rules.content import check_content
from botticelli.compiler.rules.filters import check_filters
from botticelli.compiler.rules.media import check_media
from botticelli.compiler.rules.models import check_models
from botticelli.compiler.rules.order import check_order, check_unused_acts
from botticelli.compiler.rules.policies import check_policies
from botticelli.compiler.rules.prompts import check_prompts
from botticelli.compiler.rules.resources import check_resources
from botticelli.compiler.rules.rows import check_rows
from botticelli.compiler.rules.secrets import check_secrets
from botticelli.compiler.rules.state import check_state
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.rules.tables import check_tables
from botticelli.compiler.rules.taint import check_taint
from botticelli.compiler.rules.templates import check_templates
from botticelli.compiler.rules.types import check_types
from botticelli.compiler.source import Span
from botticelli.compiler.workspace.workspace import Unit, Workspace
from botticelli.grammar import catalogue

RULES = (
    check_order,
    check_resources,
    check_composition,
    check_conditions,
    check_filters,
    check_rows,
    check_tables,
    check_types,
    check_templates,
    check_state,
    check_media,
    check_commands,
    check_secrets,
    check_policies,
    check_content,
    check_taint,
    check_prompts,
    check_models,
    check_unused_acts,
)

# What is still certain in a file that cannot be read whole; all else may rest on what is merely
# out of sight there.
_CERTAIN_IN_DAMAGED_FILES = frozenset(
    {
        catalogue.SYNTAX_ERROR,
        catalogue.DUPLICATE_KEY,
        catalogue.UNKNOWN_KEY,
        catalogue.WRONG_TYPE,
        catalogue.CONFLICTING_KEYS,
        catalogue.BAD_VALUE,
        catalogue.TEMPLATE_SYNTAX,
        catalogue.EXPRESSION_SYNTAX,
        catalogue.HARD_CODED_SECRET,
    }
)


# Errors of the other families leave a program that can be lowered: what they are about is not known
# to the analyses of budgets, or stands for itself.
_HARMLESS = ("BOT5", "BOT6", "BOT702", "BOT703", "BOT704")


def can_be_lowered(found: Iterable[Diagnostic]) -> bool:
    """Tell whether nothing is wrong with a file that would keep it from being lowered."""
    return not any(
        each.rule.severity is catalogue.Severity.ERROR and not each.rule.code.startswith(_HARMLESS)
        for each in found
    )


def _is_sound(unit: Unit, workspace: Workspace) -> bool:
    """Whether a file that another one calls can be lowered."""

    def judge() -> bool:
        if unit.file is None or not unit.document.intact:
            return False
        reporter = Reporter()
        reporter.extend(unit.diagnostics)
        for rule in RULES:
            rule(Subject(unit, unit.file, workspace, reporter))
        return can_be_lowered(reporter.diagnostics)

    return workspace.soundness.get(unit.path, judge)


def check_unit(unit: Unit, workspace: Workspace, *, named: bool) -> list[Diagnostic]:
    """Return everything that has its primary span in one file."""
    reporter = Reporter()
    reporter.extend(unit.diagnostics)
    document = unit.document
    if unit.file is not None:
        subject = Subject(unit, unit.file, workspace, reporter)
        for rule in RULES:
            rule(subject)
        worth = any(is_worth_bounding(each, subject) for each in unit.file.narratives)
        if worth and document.intact and can_be_lowered(reporter.diagnostics):
            from botticelli.compiler.rules.budget import check_budget

            check_budget(subject, lambda other: _is_sound(other, workspace))
    elif named and document.intact:
        reporter.report(
            catalogue.NO_NARRATIVE,
            Location(document.source, Span(0, 0)),
            "the file holds no narrative",
            note="none of `narrative`, `narratives`, `toc`, `acts`, `act` stands in it",
        )
    found = reporter.diagnostics
    if unit.prompts:
        found = list(map(unit.prompts.at_home, found))
    if not document.intact:
        found = [each for each in found if each.rule in _CERTAIN_IN_DAMAGED_FILES]
    return found
