"""The analysis of a whole template: its statements, their scopes, and what it renders to.

Scopes are Jinja's: a loop, a macro, a `with` and a block's body have their own names, an `if` has
none. Expressions are the business of `expressions`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jinja2 import nodes
from msgspec import Struct

from botticelli.compiler.faults import Fault
from botticelli.compiler.ir.types import Bool, Record, Text, Unknown
from botticelli.compiler.ir.types import Field as RecordField
from botticelli.compiler.templates.expressions import NAMESPACES, Expressions
from botticelli.compiler.templates.extent import NOTHING, Extent, Flow, constant, total
from botticelli.compiler.templates.guarding import Proved, Tested, tested
from botticelli.compiler.templates.parsing import ParsedTemplate
from botticelli.compiler.templates.scope import Bound, Scope
from botticelli.compiler.templates.values import Analysis, Value
from botticelli.compiler.templates.vocabulary import COUNT

_CHAINS = (nodes.Name, nodes.Getattr, nodes.Getitem)


class Rendered(Struct, frozen=True):
    """What a run of statements prints: a bound, and what is printed for certain."""

    extent: Extent = NOTHING
    certain: tuple[str | int, ...] = ()

    @property
    def certain_size(self) -> int:
        return sum(len(piece.encode()) for piece in self.certain if isinstance(piece, str))


def analyze(parsed: ParsedTemplate, scope: Scope) -> Analysis:
    """Analyse a parsed template. Its syntax faults are among the faults.

    Where a statement could not be parsed, names that it gives may seem to be missing; then only
    the syntax faults are reported.
    """
    if parsed.tree is None:
        return Analysis(faults=tuple(parsed.faults), extent=Extent(None))
    statements = Statements(parsed, scope)
    rendered = statements.run(parsed.tree.body)
    faults: list[Fault] = list(parsed.faults)
    if parsed.intact:
        faults += statements.expressions.faults
    faults.sort(key=lambda fault: (fault.start, fault.end))
    return Analysis(
        faults=tuple(_once(faults)),
        uses=tuple(statements.expressions.uses),
        extent=statements.resolved(rendered.extent),
        certain=rendered.certain,
        printed=frozenset(statements.printed),
        unbounded=tuple(statements.expressions.unbounded),
    )


def _once(faults: Iterable[Fault]) -> Iterator[Fault]:
    seen: set[tuple[str, int, int, str]] = set()
    for fault in faults:
        key = (fault.rule.code, fault.start, fault.end, fault.message)
        if key not in seen:
            seen.add(key)
            yield fault


class Statements:
    """Walks the statements of one template."""

    def __init__(self, parsed: ParsedTemplate, scope: Scope) -> None:
        self.parsed = parsed
        self.expressions = Expressions(parsed, scope)
        self.printed: set[int] = set()
        self._namespaces = NOTHING
        self._elements: dict[int, Extent] = {}

    def run(self, body: Iterable[nodes.Node]) -> Rendered:
        """Analyse statements in order."""
        parts = [getattr(self, f"_visit_{type(node).__name__.lower()}")(node) for node in body]
        return _in_order(parts)

    def resolved(self, extent: Extent) -> Extent:
        """Put in what was assigned to namespaces, wherever one was read."""
        while any(flow.use < 0 for flow in extent.flows):
            outer = {flow: factor for flow, factor in extent.flows.items() if flow.use >= 0}
            inner = {flow: factor for flow, factor in extent.flows.items() if flow.use < 0}
            extent = Extent(extent.constant, outer)
            for flow in inner:
                extent += self._behind(flow).times(None)
        return extent

    def _behind(self, flow: Flow) -> Extent:
        """What a stand-in stands for. Namespaces may hold themselves, once is enough."""
        if flow.use == NAMESPACES:
            flows = {f: n for f, n in self._namespaces.flows.items() if f.use != NAMESPACES}
            return Extent(self._namespaces.constant, flows)
        elements = self._elements[flow.use]
        return elements.as_number() if flow.plain else elements

    def _repeated(self, body: Extent, marker: Flow, count: int | None) -> Extent:
        """The extent of a loop's body over all passes.

        What comes from the elements is bounded by the whole that is looped over, whatever the
        count: all elements together are no longer than the list as JSON.
        """
        own = {flow: n for flow, n in body.flows.items() if flow.use == marker.use}
        rest = {flow: n for flow, n in body.flows.items() if flow.use != marker.use}
        elements = total(self._behind(flow).times(factor) for flow, factor in own.items())
        return elements + Extent(body.constant, rest).times(count)

    @contextmanager
    def _frame(self, names: dict[str, Value] | None = None) -> Iterator[None]:
        self.expressions.locals.append(dict(names or {}))
        try:
            yield
        finally:
            self.expressions.locals.pop()

    def _visit_output(self, node: nodes.Output) -> Rendered:
        parts: list[Rendered] = []
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                parts.append(Rendered(constant(part.data), (part.data,)))
                continue
            first = len(self.expressions.uses)
            value = self.expressions.value(part)
            certain: tuple[str | int, ...] = ()
            if isinstance(part, nodes.Const) and isinstance(part.value, str):
                certain = (part.value,)
            elif isinstance(part, _CHAINS) and value.extent == Extent(0, {Flow(first): 1}):
                certain = (first,)
            if isinstance(part, _CHAINS) and value.extent in _as_they_are(first):
                self.printed.add(first)
            parts.append(Rendered(value.extent, certain))
        return _in_order(parts)

    def _visit_if(self, node: nodes.If) -> Rendered:
        branches: list[Rendered] = []
        failed = Proved()
        for part in (node, *node.elif_):
            with self.expressions.guarding(failed):
                self.expressions.value(part.test)
            names = tested(part.test)
            with self.expressions.guarding(failed | names.when_true):
                branches.append(self.run(part.body))
            failed |= names.when_false
        with self.expressions.guarding(failed):
            branches.append(self.run(node.else_))
        return _alternatives(branches)

    def _visit_for(self, node: nodes.For) -> Rendered:
        source = self.expressions.value(node.iter)
        marker = Flow(NAMESPACES - 1 - len(self._elements))
        self._elements[marker.use] = source.extent.as_json()
        item = Value(
            bound=source.item.bound, extent=Extent(0, {marker: 1}), shown=source.item.shown
        )
        loop = Value(bound=Bound(type=_loop_type(item)), extent=item.extent, shown="loop")
        with self._frame({"loop": loop}):
            self._assign(node.target, item)
            if node.test is not None:
                self.expressions.value(node.test)
            names = tested(node.test) if node.test is not None else Tested()
            self.expressions.loops += 1
            with self.expressions.guarding(names.when_true):
                body = self.run(node.body)
            self.expressions.loops -= 1
        with self._frame():
            otherwise = self.run(node.else_)
        count = None if node.recursive else source.items
        extent = self._repeated(body.extent, marker, count)
        if body.extent.bounded and source.extent.bounded and not extent.bounded:
            start, end = self.parsed.token_range(node.lineno)
            reason = "nothing bounds how often this loop runs"
            self.expressions.unbounded.append((start, end, reason))
        return Rendered(extent | otherwise.extent)

    def _visit_assign(self, node: nodes.Assign) -> Rendered:
        self._assign(node.target, self.expressions.value(node.node))
        return Rendered()

    def _visit_assignblock(self, node: nodes.AssignBlock) -> Rendered:
        with self._frame():
            body = self.run(node.body)
        value = Value(bound=Bound(type=Text()), extent=body.extent)
        if node.filter is not None:
            value = self._through(node.filter, value)
        self._assign(node.target, value)
        return Rendered()

    def _assign(self, target: nodes.Node, value: Value) -> None:
        if isinstance(target, nodes.Name):
            named = Value(
                bound=value.bound,
                extent=value.extent,
                shown=target.name,
                items=value.items,
                members=value.members,
            )
            self.expressions.locals[-1][target.name] = named
        elif isinstance(target, nodes.Tuple):
            for part in target.items:
                self._assign(part, Value(extent=value.extent.as_json()))
        elif isinstance(target, nodes.NSRef):
            self._namespaces += value.extent
            self.expressions.value(nodes.Name(target.name, "load", lineno=target.lineno))

    def _visit_with(self, node: nodes.With) -> Rendered:
        values = [self.expressions.value(value) for value in node.values]
        with self._frame():
            for target, value in zip(node.targets, values, strict=True):
                self._assign(target, value)
            return self.run(node.body)

    def _visit_filterblock(self, node: nodes.FilterBlock) -> Rendered:
        with self._frame():
            body = self.run(node.body)
        value = Value(bound=Bound(type=Text()), extent=body.extent)
        return Rendered(self._through(node.filter, value).extent)

    def _through(self, node: nodes.Filter, value: Value) -> Value:
        """Send a value through filters that stand without one: the innermost has no operand."""
        chain: list[nodes.Filter] = []
        current: nodes.Node | None = node
        while isinstance(current, nodes.Filter):
            chain.append(current)
            current = current.node
        for part in reversed(chain):
            value = self.expressions.apply_filter(part, value)
        return value

    def _visit_macro(self, node: nodes.Macro) -> Rendered:
        # A macro may call itself, and what calls it is not known: any length, from all it uses.
        self.expressions.locals[-1][node.name] = Value(extent=Extent(None), shown=node.name)
        body = self._macro_body(node)
        macro = Value(extent=body.extent.times(None) + Extent(None), shown=node.name)
        self.expressions.locals[-1][node.name] = macro
        return Rendered()

    def _macro_body(self, node: nodes.Macro | nodes.CallBlock) -> Rendered:
        defaults = [self.expressions.value(default) for default in node.defaults]
        plain = len(node.args) - len(defaults)
        parameters = {argument.name: Value(shown=argument.name) for argument in node.args}
        for argument, default in zip(node.args[plain:], defaults, strict=True):
            parameters[argument.name] = Value(extent=default.extent, shown=argument.name)
        with self._frame(parameters):
            return self.run(node.body)

    def _visit_callblock(self, node: nodes.CallBlock) -> Rendered:
        body = self._macro_body(node)
        call = self.expressions.value(node.call)
        return Rendered((call.extent + body.extent).times(None))

    def _visit_exprstmt(self, node: nodes.ExprStmt) -> Rendered:
        self.expressions.value(node.node)
        return Rendered()


def _as_they_are(use: int) -> tuple[Extent, Extent]:
    """The extents of one use that is printed, of a known type and of any."""
    text, parts = Flow(use), Flow(use, as_json=True)
    return Extent(0, {text: 1}), Extent(0, {text: 1, parts: 1})


def _in_order(parts: list[Rendered]) -> Rendered:
    certain = tuple(piece for part in parts for piece in part.certain)
    return Rendered(total(part.extent for part in parts), certain)


def _alternatives(branches: list[Rendered]) -> Rendered:
    """One of several: the greatest bound, and what the shortest of them is sure to print."""
    extent = branches[0].extent
    for branch in branches[1:]:
        extent |= branch.extent
    return Rendered(extent, min(branches, key=lambda branch: branch.certain_size).certain)


def _loop_type(item: Value) -> Record:
    numbers = ("index", "index0", "revindex", "revindex0", "length", "depth", "depth0")
    fields = [RecordField(name, COUNT) for name in numbers]
    fields += [RecordField(name, Bool()) for name in ("first", "last")]
    fields += [RecordField(name, item.type) for name in ("previtem", "nextitem")]
    fields += [RecordField(name, Unknown()) for name in ("cycle", "changed")]
    return Record(tuple(fields))
