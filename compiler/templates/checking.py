"""The front door: check one string of a narrative as a template.

Text without tags and dollar signs is most of all text; it is answered here, without importing
Jinja.
"""

from collections.abc import Container

from botticelli.compiler.semantics.templates import has_tags, normalize_newlines
from botticelli.compiler.templates.dollar import find_forms, to_jinja, unexpanded
from botticelli.compiler.templates.extent import constant
from botticelli.compiler.templates.scope import Scope
from botticelli.compiler.templates.values import Analysis


def check_prompt(text: str, scope: Scope) -> Analysis:
    """Check a template that goes to a model: the older `${…}` forms are text there, and BOT307."""
    if not has_tags(text):
        plain = normalize_newlines(text)
        return Analysis(
            faults=tuple(unexpanded(text, _own_names(text, scope))),
            extent=constant(plain),
            certain=(plain,),
        )
    from botticelli.compiler.templates.analysis import analyze
    from botticelli.compiler.templates.parsing import parse

    parsed = parse(text)
    analysis = analyze(parsed, scope)
    dollars = tuple(unexpanded(text, _own_names(text, scope), parsed.data))
    if not dollars:
        return analysis
    faults = sorted((*analysis.faults, *dollars), key=lambda fault: (fault.start, fault.end))
    return Analysis(
        faults=tuple(faults),
        uses=analysis.uses,
        extent=analysis.extent,
        certain=analysis.certain,
        printed=analysis.printed,
        unbounded=analysis.unbounded,
    )


def check_value(text: str, scope: Scope) -> Analysis:
    """Check a template where the older forms are expanded: arguments, media, table fields."""
    if not has_tags(text) and "$" not in text:
        plain = normalize_newlines(text)
        return Analysis(extent=constant(plain), certain=(plain,))
    from botticelli.compiler.templates.analysis import analyze
    from botticelli.compiler.templates.parsing import parse

    return analyze(parse(text, _own_names(text, scope), expand_dollar=True), scope)


def expand_dollar(text: str, known: Container[str]) -> str:
    """Return the template with the older forms as Jinja, as it goes into the program.

    `known` are the narrative's own names, which win over variables of the environment.
    """
    if "$" not in text:
        return text
    if not has_tags(text):
        return to_jinja(text, known).text
    from botticelli.compiler.templates.parsing import expanded_ranges
    from botticelli.compiler.templates.scanning import Scan

    plain = normalize_newlines(text)
    data = expanded_ranges(Scan(plain))
    return to_jinja(plain, known, data).text if any(find_forms(plain, known, data)) else text


def _own_names(text: str, scope: Scope) -> Container[str]:
    return scope.own_names if "${" in text else ()
