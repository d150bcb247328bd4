"""Reading the table of contents: names of acts, sequences, `parallel`, `if` and `repeat`."""

from botticelli.compiler.narrative.fields import Fields, takes_any, takes_array
from botticelli.compiler.narrative.model import (
    Act,
    ActStep,
    BranchStep,
    Order,
    ParallelStep,
    RepeatStep,
    SequenceStep,
    Step,
    UnreadStep,
)
from botticelli.compiler.narrative.settings import read_carousel, read_carousel_at
from botticelli.compiler.renaming import is_slip
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.syntax.nodes import Array, Node, Table
from botticelli.grammar import catalogue

_FORMS = ("parallel", "if", "repeat")


def read_order(fields: Fields, scenes: tuple[Act, ...]) -> Order | None:
    """Read `toc`, as an array or as a table with `order`. Call only where the key is present.

    Without an `order` in the table it is that of the file's ``scenes``.
    """
    node = fields.node("toc")
    if isinstance(node, Table):
        return fields.read("toc", lambda toc: _read_table(toc, scenes), "[toc]")
    if isinstance(node, Array):
        return Order(node, _sequence(node, fields.reporter, "the order"))
    if node is not None:
        fields.wrong_type(node, "`toc`", "an array of acts, or a table with `order`")
    return None


def order_of_scenes(node: Node, scenes: tuple[Act, ...]) -> SequenceStep | None:
    """The order of an `[[act]]` file, which needs no table of contents."""
    return SequenceStep(node, tuple(ActStep(act.name) for act in scenes)) if scenes else None


def _read_table(fields: Fields, scenes: tuple[Act, ...]) -> Order | None:
    carousel = read_carousel_at(fields, "carousel", "the carousel of [toc]")
    node = fields.node("order")
    if node is None:
        body = order_of_scenes(fields.table, scenes)
        if body is None:
            fields.expect(
                ("order",),
                lambda: report_missing_order(fields, "[toc] has no order"),
                takes_array,
            )
        return Order(fields.table, body, carousel) if body else None
    if not isinstance(node, Array):
        fields.wrong_type(node, "`order`", "an array of acts")
        return None
    return Order(fields.table, _sequence(node, fields.reporter, "the order"), carousel)


def report_missing_order(fields: Fields, message: str) -> None:
    fields.reporter.report(
        catalogue.MISSING_ORDER,
        fields.table.location,
        message,
        note="nothing says which acts run",
        help="list the acts in the order in which they run: "
        '`order = ["…"]` in `[toc]`, or `toc = ["…"]`',
    )


def _sequence(node: Array, reporter: Reporter, what: str) -> SequenceStep:
    if not node.items:
        reporter.report(
            catalogue.EMPTY_ORDER, node.location, f"{what} is empty", note="nothing to run"
        )
    return SequenceStep(node, tuple(_step(item, reporter) for item in node.items))


def _step(node: Node, reporter: Reporter) -> Step:
    if isinstance(node, Array):
        return _sequence(node, reporter, "the sequence")
    if isinstance(node, Table):
        return _table_step(node, reporter) or UnreadStep(node)
    root = Fields(node.document.root, reporter, "the order")
    text = root.as_text(node, "an item of the order", "the name of an act, an array or a table")
    return ActStep(text) if text else UnreadStep(node)


def _table_step(node: Table, reporter: Reporter) -> Step | None:
    fields = Fields(node, reporter, "an item of the order")
    present = [form for form in _FORMS if form in node.entries]
    if not present:
        slips = [(form, key) for key in node.entries for form in _FORMS if is_slip(key, form)]
        for form, key in slips[:1]:
            fields.read_as(form, key)
            return _form(form, fields)
        fields.require(*_FORMS, takes=takes_any)
        for key in ("then", "else", "until", "iterations"):
            fields.node(key)
        fields.finish()
        return None
    fields = Fields(node, reporter, f"`{present[0]}`")
    if len(present) > 1:
        fields.first_of(*_FORMS)
        for key in fields.table.entries:  # what belongs to which form is not to be told
            fields.node(key)
        return None
    return _form(present[0], fields)


def _form(form: str, fields: Fields) -> Step | None:
    step = {"parallel": _parallel, "if": _branch, "repeat": _repeat}[form](fields)
    fields.finish()
    return step


def _steps(fields: Fields, key: str) -> SequenceStep | None:
    node = fields.node(key)
    if node is None:
        return None
    if not isinstance(node, Array):
        fields.wrong_type(node, f"`{key}`", "an array of acts")
        return None
    return _sequence(node, fields.reporter, f"`{key}`")


def _parallel(fields: Fields) -> Step | None:
    group = _steps(fields, "parallel")
    return ParallelStep(fields.table, group.steps) if group else None


def _branch(fields: Fields) -> Step | None:
    condition = fields.text("if")
    fields.require("then", takes=takes_array)
    then = _steps(fields, "then")
    otherwise = _steps(fields, "else")
    if condition is None or then is None:
        # The acts that it names are still to be looked at.
        return then or otherwise
    return BranchStep(fields.table, condition, then, otherwise)


def _repeat(fields: Fields) -> Step | None:
    body = _steps(fields, "repeat")
    until = fields.text("until")
    history = fields.choice("history", ("shared", "fresh"))
    carousel = read_carousel(fields)
    return RepeatStep(fields.table, body, carousel, until, history) if body else None
