"""Reading the table of contents: names of acts, sequences, `parallel`, `if` and `repeat`."""

from botticelli.compiler.narrative.acts import read_expression
from botticelli.compiler.narrative.fields import Fields
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import (
    ActStep,
    BranchStep,
    Order,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
)
from botticelli.compiler.narrative.settings import read_carousel, read_carousel_at
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.syntax.nodes import Array, Node, Table
from botticelli.grammar import catalogue

_FORMS = ("parallel", "if", "repeat")


def read_order(fields: Fields, key: str) -> Order | None:
    """Read `toc`, as an array or as a table with `order`. Call only where the key is present."""
    node = fields.node(key)
    if isinstance(node, Table):
        return fields.read(key, _read_table, "[toc]")
    if isinstance(node, Array):
        return Order(node, _sequence(node, fields.reporter, "the order"))
    if node is not None:
        fields.wrong_type(node, "`toc`", "an array of acts, or a table with `order`")
    return None


def _read_table(fields: Fields) -> Order | None:
    fields.require("order", help="list the acts in the order in which they run")
    carousel = read_carousel_at(fields, "carousel", "the carousel of [toc]")
    node = fields.node("order")
    if node is None:
        return None
    if not isinstance(node, Array):
        fields.wrong_type(node, "`order`", "an array of acts")
        return None
    return Order(fields.table, _sequence(node, fields.reporter, "the order"), carousel)


def _sequence(node: Array, reporter: Reporter, what: str) -> SequenceStep:
    if not node.items:
        reporter.report(
            catalogue.EMPTY_ORDER, node.location, f"{what} is empty", note="nothing to run"
        )
    read = (_step(item, reporter) for item in node.items)
    return SequenceStep(node, tuple(step for step in read if step is not None))


def _step(node: Node, reporter: Reporter) -> Step | None:
    if isinstance(node, Array):
        return _sequence(node, reporter, "the sequence")
    if isinstance(node, Table):
        return _table_step(node, reporter)
    root = Fields(node.document.root, reporter, "the order")
    text = root.as_text(node, "an item of the order")
    return ActStep(text) if text else None


def _table_step(node: Table, reporter: Reporter) -> Step | None:
    present = [form for form in _FORMS if form in node.entries]
    if not present:
        fields = Fields(node, reporter, "an item of the order")
        fields.require(*_FORMS)
        for key in ("then", "else", "until", "iterations"):
            fields.node(key)
        fields.finish()
        return None
    fields = Fields(node, reporter, f"`{present[0]}`")
    for form in present[1:]:
        fields.node(form)
        fields.conflict(present[0], form)
    readers = {"parallel": _parallel, "if": _branch, "repeat": _repeat}
    step = readers[present[0]](fields)
    fields.finish()
    return step


def _steps(fields: Fields, key: str) -> SequenceStep | None:
    """The items under a key: an array, or one item alone."""
    node = fields.node(key)
    if node is None:
        return None
    if isinstance(node, Array):
        return _sequence(node, fields.reporter, f"`{key}`")
    step = _step(node, fields.reporter)
    return SequenceStep(node, (step,) if step else ())


def _parallel(fields: Fields) -> Step | None:
    group = _steps(fields, "parallel")
    return ParallelStep(fields.table, group.steps) if group else None


def _branch(fields: Fields) -> Step | None:
    condition = read_expression(fields, "if")
    fields.require("then")
    then = _steps(fields, "then")
    otherwise = _steps(fields, "else")
    if condition is None or then is None:
        return None
    return BranchStep(fields.table, condition, then, otherwise)


def _repeat(fields: Fields) -> Step | None:
    body = _steps(fields, "repeat")
    until: Text | None = read_expression(fields, "until")
    history = fields.choice("history", ("shared", "fresh"))
    carousel = read_carousel(fields)
    if body is None or carousel is None:
        return None
    return RepeatStep(fields.table, body, carousel, until, history)
