"""Filters: `status = 'approved' and created_at > now() - interval '30 days'`."""

from botticelli.compiler.faults import Fault
from botticelli.compiler.languages.ast import Expression
from botticelli.compiler.languages.building import Builder
from botticelli.compiler.languages.functions import FILTER_FUNCTIONS
from botticelli.compiler.languages.parsing import Language, Parsed, excessive_depth, parse_tree

FILTER = Language("filter", "expression", "filter", FILTER_FUNCTIONS)


def parse_filter(text: str) -> Parsed[Expression]:
    """Parse a filter. Whatever the text is, this returns faults and raises nothing."""
    return parse_expression(FILTER, text, Builder(FILTER.noun))


def parse_expression(language: Language, text: str, builder: Builder) -> Parsed[Expression]:
    """Parse a text whose tree is one expression."""
    tree, faults = parse_tree(language, text)
    if tree is None:
        return Parsed(None, tuple(faults))
    expression: Expression = builder.build(tree)
    if deep := excessive_depth(expression, language.noun):
        return Parsed(None, (deep,))
    return Parsed(expression, in_order(faults, builder.faults))


def in_order(syntax: list[Fault], values: list[Fault]) -> tuple[Fault, ...]:
    """Return faults in the order of their places.

    What is wrong with a value that stands at a syntax fault follows from it and is left out.
    """
    independent = [
        fault
        for fault in values
        if not any(fault.start <= other.end and other.start <= fault.end for other in syntax)
    ]
    return tuple(sorted(syntax + independent, key=lambda fault: (fault.start, fault.end)))
