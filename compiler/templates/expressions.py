"""Expressions of templates: what each is, what names it uses, and what is wrong with it."""

import msgspec
from jinja2 import nodes

from botticelli.compiler.ir.types import (
    Bool,
    Float,
    Int,
    List,
    Null,
    Record,
    Text,
    Type,
    Unknown,
)
from botticelli.compiler.ir.types import Field as RecordField
from botticelli.compiler.nearest import nearest
from botticelli.compiler.semantics.operations import TEXT_FILTERS
from botticelli.compiler.templates import naming, vocabulary
from botticelli.compiler.templates.chains import Chains
from botticelli.compiler.templates.extent import NOTHING, Extent, Flow, constant, total
from botticelli.compiler.templates.guarding import tested
from botticelli.compiler.templates.scope import Bound
from botticelli.compiler.templates.values import Value
from botticelli.compiler.templates.vocabulary import Arguments, Computed, Constant

NAMESPACES = -1
"""Stands in an extent for whatever is assigned to namespaces anywhere in the template."""


class Expressions(Chains):
    """Walks expressions within the scopes that the statements around them opened."""

    def value(self, node: nodes.Node) -> Value:
        """Analyse an expression."""
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            return self.chain(node, optional=False)
        visit = getattr(self, f"_visit_{type(node).__name__.lower()}", None)
        if visit is not None:
            result: Value = visit(node)
            return result
        if isinstance(node, nodes.BinExpr):
            return self._arithmetic(node)
        # What is left (slices, keywords, internal nodes) is no more than its parts.
        parts = [self.value(child).extent for child in node.iter_child_nodes()]
        return Value(extent=total(parts).times(None) if parts else NOTHING)

    # Literals

    def _visit_const(self, node: nodes.Const) -> Value:
        match node.value:
            case bool():
                return Value(bound=Bound(type=Bool()), extent=Extent(5))
            case int() as number:
                size = number.bit_length() // 3 + 2  # a decimal digit is more than three bits
                return Value(bound=Bound(type=Int()), extent=Extent(size))
            case float():
                return Value(bound=Bound(type=Float()), extent=Extent(25))
            case str() as text:
                return Value(bound=Bound(type=Text()), extent=constant(text), shown="this text")
            case _:
                return Value(bound=Bound(type=Null()))

    def _visit_templatedata(self, node: nodes.TemplateData) -> Value:
        return Value(bound=Bound(type=Text()), extent=constant(node.data))

    def _visit_list(self, node: nodes.List | nodes.Tuple) -> Value:
        values = [self.value(item) for item in node.items]
        # As JSON: brackets, and for each element quotes and a comma; escapes take up to six bytes.
        extent = total(value.parts.times(6) + Extent(4) for value in values) + Extent(2)
        types = {value.type for value in values} if all(map(_hashable, values)) else set()
        inner = next(iter(types)) if len(types) == 1 else Unknown()
        bound = Bound(type=List(inner))
        return Value(bound=bound, extent=extent, shown="this list", items=len(values))

    _visit_tuple = _visit_list

    def _visit_dict(self, node: nodes.Dict) -> Value:
        extent = Extent(2)
        fields: list[RecordField] = []
        for pair in node.items:
            key, value = self.value(pair.key), self.value(pair.value)
            extent += key.extent.times(6) + value.parts.times(6) + Extent(8)
            if isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str):
                fields.append(RecordField(pair.key.value, value.type))
        complete = len(fields) == len(node.items)
        type_: Type = Record(tuple(fields)) if complete else Unknown()
        return Value(bound=Bound(type=type_), extent=extent, shown="this record")

    # Operators

    def _arithmetic(self, node: nodes.BinExpr) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        both = left.extent + right.extent
        numbers = (Int, Float)
        if isinstance(left.type, numbers) and isinstance(right.type, numbers):
            whole = isinstance(left.type, Int) and isinstance(right.type, Int)
            number = Int() if whole and not isinstance(node, nodes.Div) else Float()
            size = vocabulary.NUMBER_BYTES if isinstance(node, nodes.Pow) else 25
            return Value(bound=Bound(type=number), extent=both.as_number() + Extent(size))
        both |= left.parts + right.parts
        if isinstance(node, nodes.Add):
            text = isinstance(left.type, Text) or isinstance(right.type, Text)
            sum_ = Text() if text else Unknown()
            return Value(bound=Bound(type=sum_), extent=both + Extent(vocabulary.NUMBER_BYTES))
        if isinstance(node, nodes.Mul):
            for count, repeated in ((node.left, right), (node.right, left)):
                if isinstance(count, nodes.Const) and isinstance(count.value, int):
                    extent = (repeated.extent | repeated.parts).times(max(count.value, 0))
                    return Value(bound=repeated.bound, extent=extent)
        if isinstance(node, nodes.Sub | nodes.Div | nodes.FloorDiv | nodes.Pow):
            return Value(bound=Bound(type=Float()), extent=Extent(vocabulary.NUMBER_BYTES))
        return Value(extent=both.times(None))

    def _visit_neg(self, node: nodes.UnaryExpr) -> Value:
        return self.value(node.node)

    _visit_pos = _visit_neg

    def _visit_not(self, node: nodes.Not) -> Value:
        self.value(node.node)
        return _BOOLEAN

    def _visit_concat(self, node: nodes.Concat) -> Value:
        extent = total(self.value(part).extent for part in node.nodes)
        return Value(bound=Bound(type=Text()), extent=extent)

    def _visit_compare(self, node: nodes.Compare) -> Value:
        self.value(node.expr)
        for operand in node.ops:
            self.value(operand.expr)
        return _BOOLEAN

    def _visit_and(self, node: nodes.And) -> Value:
        left = self.value(node.left)
        with self.guarding(tested(node.left).when_true):
            return _either(left, self.value(node.right))

    def _visit_or(self, node: nodes.Or) -> Value:
        left = self.value(node.left)
        with self.guarding(tested(node.left).when_false):
            return _either(left, self.value(node.right))

    def _visit_condexpr(self, node: nodes.CondExpr) -> Value:
        self.value(node.test)
        names = tested(node.test)
        with self.guarding(names.when_true):
            first = self.value(node.expr1)
        if node.expr2 is None:
            return first
        with self.guarding(names.when_false):
            return _either(first, self.value(node.expr2))

    # Filters, tests, calls

    def _visit_filter(self, node: nodes.Filter) -> Value:
        value = Value() if node.node is None else self._filtered(node)
        return self.apply_filter(node, value)

    def _filtered(self, node: nodes.Filter) -> Value:
        assert node.node is not None
        if node.name in {"default", "d"} and isinstance(
            node.node, nodes.Name | nodes.Getattr | nodes.Getitem
        ):
            return self.chain(node.node, optional=True)
        return self.value(node.node)

    def apply_filter(self, node: nodes.Filter, value: Value) -> Value:
        """Analyse a filter on a value that has been analysed already."""
        known = self._known_filter(node.name, node.lineno)
        arguments = self._arguments(node)
        if not known:
            return Value(extent=(value.extent + arguments.extent).times(None))
        if node.name in {"map", "select", "reject", "selectattr", "rejectattr"}:
            self._inner_names(node)
        item = self._attributes(node, value)
        if node.name in {"default", "d"}:
            return _either(value, Value(extent=arguments.extent))
        if node.name == "attr":
            return Value(extent=value.extent)
        extent = value.extent if node.name in TEXT_FILTERS else value.parts
        if node.name in vocabulary.LISTING and not isinstance(naming.strip(value.type), List):
            extent = extent.times(10) + Extent(4)  # text becomes a list of its characters
        extent = vocabulary.growth(node.name, extent, arguments)
        type_ = vocabulary.result_of(node.name, value.type)
        if node.name == "map" and item is not None:
            type_, extent = List(item.type), value.parts
        elif node.name == "map" and len(node.args) == 1 and not node.kwargs:
            type_, extent = self._mapped(node.args[0], value)
        if not extent.bounded and value.extent.bounded:
            start, end = self.parsed.token_range(node.lineno)
            self.unbounded.append((start, end, f"`{node.name}` can make this text any length"))
        bound = Bound(type=type_, definition=value.bound.definition)
        items = value.items if vocabulary.keeps_length(node.name) else None
        return self.settled(Value(bound=bound, extent=extent, shown=value.shown, items=items))

    def _known_filter(self, name: str, token: int) -> bool:
        known = vocabulary.filter_names()
        if name in known:
            return True
        self._unknown_word("filter", name, known, self._word_range(name, token))
        return False

    def _unknown_word(
        self, kind: str, name: str, known: frozenset[str], at: tuple[int, int]
    ) -> None:
        why = vocabulary.why_refused(name) if kind == "filter" else None
        message = f"the {kind} `{name}` is not available: {why}" if why else ""
        close = None if why else nearest(name, sorted(known))
        message = message or f"there is no {kind} `{name}`"
        fault = naming.unknown(message, close, at)
        first = name.partition(".")[0]
        if first != name and first in known:
            way_out = (
                f"put brackets around what comes before the field: `(… {_SIGNS[kind]} {first})`"
            )
            fault = msgspec.structs.replace(fault, help=way_out, edits=())
        self.faults.append(fault)

    def _word_range(self, name: str, token: int) -> tuple[int, int]:
        """Return where the name of a filter or test stands; each dot in it is a token."""
        start, _ = self.parsed.token_range(token)
        _, end = self.parsed.token_range(token + 2 * name.count("."))
        return start, end

    def _inner_names(self, node: nodes.Filter) -> None:
        """Check the names of filters and tests that are given to a filter as text."""
        place = 1 if node.name in {"selectattr", "rejectattr"} else 0
        if len(node.args) <= place or not isinstance(node.args[place], nodes.Const):
            return
        given = node.args[place]
        assert isinstance(given, nodes.Const)
        name = given.value
        kind = "filter" if node.name == "map" else "test"
        known = vocabulary.filter_names() if kind == "filter" else vocabulary.test_names()
        if isinstance(name, str) and name not in known:
            start, end = self.parsed.token_range(node.args[place].lineno)
            self._unknown_word(kind, name, known, (start + 1, end - 1))

    def _attributes(self, node: nodes.Filter, value: Value) -> Value | None:
        """Check the paths of fields that are given to a filter as text; return the last field."""
        given: dict[str, nodes.Node] = dict(_keywords(node))
        result = None
        for place in vocabulary.ATTRIBUTE_ARGUMENTS.get(node.name, ()):
            argument: nodes.Node | None = given.get(place) if isinstance(place, str) else None
            if isinstance(place, int) and place < len(node.args):
                argument = node.args[place]
            if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
                result = self._path(value.item, argument)
        return result

    def _mapped(self, name: nodes.Node, value: Value) -> tuple[Type, Extent]:
        """What `map` gives with the name of a filter and nothing else."""
        inner = name.value if isinstance(name, nodes.Const) else None
        if not isinstance(inner, str):
            return Unknown(), value.extent.times(None)
        extent = vocabulary.growth(inner, value.parts, Arguments({}, NOTHING))
        # In JSON a text has quotes, a comma, and escapes of up to six bytes for one.
        extent = extent.times(6) + value.parts.times(4) + Extent(2)
        return List(vocabulary.result_of(inner, value.item.type)), extent

    def _path(self, owner: Value, argument: nodes.Const) -> Value:
        start, end = self.parsed.token_range(argument.lineno)
        exact = end - start == len(argument.value) + 2
        offset = start + 1
        result = owner
        for several in argument.value.split(","):
            result = owner
            for name in several.split("."):
                key: str | int = int(name) if name.isdigit() else name
                place = (offset, offset + len(name)) if exact else (start, end)
                found = naming.field(result.bound, result.shown, key, place)
                if found.fault is not None:
                    self.faults.append(found.fault)
                assert isinstance(found.value, Bound)
                shown = f"{result.shown}.{name}"
                result = Value(bound=found.value, extent=owner.extent, shown=shown)
                offset += len(name) + 1
        return result

    def _visit_test(self, node: nodes.Test) -> Value:
        word = node.lineno + 1
        if self.parsed.tokens[word].value == "not":
            word += 1
        if node.name not in vocabulary.test_names():
            at = self._word_range(node.name, word)
            self._unknown_word("test", node.name, vocabulary.test_names(), at)
        chain = isinstance(node.node, nodes.Name | nodes.Getattr | nodes.Getitem)
        if node.name in {"defined", "undefined", "none"} and chain:
            self.chain(node.node, optional=True)
        else:
            self.value(node.node)
        if node.name not in {"filter", "test"}:
            self._arguments(node)
        return _BOOLEAN

    def _arguments(self, node: nodes.Filter | nodes.Test | nodes.Call) -> Arguments:
        given: dict[int | str, Constant | Computed] = {}
        written: list[tuple[int | str, nodes.Node]] = list(enumerate(node.args))
        written += _keywords(node)
        extent = NOTHING
        for place, argument in written:
            extent += self.value(argument).extent
            given[place] = argument.value if isinstance(argument, nodes.Const) else Computed()
        for unpacked in (node.dyn_args, node.dyn_kwargs):
            if unpacked is not None:
                extent += self.value(unpacked).extent.times(None)
        return Arguments(given, extent)

    def _visit_call(self, node: nodes.Call) -> Value:
        callee = node.node
        if isinstance(callee, nodes.Getattr):
            owner = self.value(callee.node)
            self.step(owner, callee, called=True)
            arguments = self._arguments(node)
            if isinstance(naming.strip(owner.type), Text):
                type_, extent = vocabulary.method_result(callee.attr, owner.extent, arguments)
                return self.settled(Value(bound=Bound(type=type_), extent=extent))
            record = isinstance(naming.strip(owner.type), Record)
            if record and callee.attr in naming.methods_of(owner.type):
                extent = vocabulary.record_method_result(callee.attr, owner.parts, arguments)
                return Value(extent=extent)
            return Value(extent=(owner.parts + arguments.extent).times(None))
        function = self.value(callee)
        arguments = self._arguments(node)
        name = callee.name if isinstance(callee, nodes.Name) else ""
        if self.local(name) is None:
            if name == "range":
                return self._range(node)
            if name == "lipsum":
                return Value(bound=Bound(type=Text()), extent=Extent(None))
            if name == "namespace":
                return Value(extent=(arguments.extent + _NAMESPACES).times(None), shown=name)
        return Value(extent=(function.extent + arguments.extent).times(None), shown=name)

    def _range(self, node: nodes.Call) -> Value:
        numbers = [arg.value for arg in node.args if isinstance(arg, nodes.Const)]
        items = 100_000
        if numbers and len(numbers) == len(node.args) and all(type(n) is int for n in numbers):
            try:
                items = len(range(*numbers))
            except (TypeError, ValueError, OverflowError):
                items = 0
        return Value(
            bound=Bound(type=List(Int())),
            extent=Extent(items * 12),
            shown="range(…)",
            items=items,
        )


_SIGNS = {"filter": "|", "test": "is"}
_BOOLEAN = Value(bound=Bound(type=Bool()), extent=Extent(5))
_NAMESPACES = Extent(0, {Flow(NAMESPACES): None})


def _keywords(node: nodes.Filter | nodes.Test | nodes.Call) -> list[tuple[str, nodes.Node]]:
    return [(word.key, word.value) for word in node.kwargs if isinstance(word, nodes.Keyword)]


def _hashable(value: Value) -> bool:
    return not isinstance(value.type, Record | List)


def _either(left: Value, right: Value) -> Value:
    type_ = left.type if left.type == right.type else Unknown()
    return Value(bound=Bound(type=type_), extent=left.extent | right.extent, shown=left.shown)
