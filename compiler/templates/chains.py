"""Names with the fields and subscripts that follow them: what they mean, and that they are used."""

from collections.abc import Iterator
from contextlib import contextmanager

from jinja2 import nodes

from botticelli.compiler.faults import Fault
from botticelli.compiler.ir.types import Record, Unknown
from botticelli.compiler.templates import guarding, naming, vocabulary
from botticelli.compiler.templates.extent import NOTHING, Extent, Flow
from botticelli.compiler.templates.guarding import Path, Proved
from botticelli.compiler.templates.parsing import ParsedTemplate
from botticelli.compiler.templates.scope import Bound, Members, Scope
from botticelli.compiler.templates.values import Use, Value

JINJA_NAMES = frozenset({"loop", "caller", "varargs", "kwargs"})


class Chains:
    """The names of one template: the frames of its own, those of the scope, and the faults."""

    def __init__(self, parsed: ParsedTemplate, scope: Scope) -> None:
        self.parsed = parsed
        self.scope = scope
        self.faults: list[Fault] = []
        self.uses: list[Use] = []
        self.locals: list[dict[str, Value]] = [{}]
        self.proved = Proved()
        self.loops = 0
        self.unbounded: list[tuple[int, int, str]] = []

    @contextmanager
    def guarding(self, proved: Proved) -> Iterator[None]:
        """Within, this is known to hold."""
        before, self.proved = self.proved, self.proved | proved
        try:
            yield
        finally:
            self.proved = before

    def value(self, node: nodes.Node) -> Value:
        """Analyse an expression of any kind."""
        raise NotImplementedError

    def local(self, name: str) -> Value | None:
        """Return what a `set`, a loop or a macro of the template gave a name."""
        for frame in reversed(self.locals):
            if name in frame:
                return frame[name]
        return None

    def chain(self, node: nodes.Expr, *, optional: bool) -> Value:
        """Analyse a name with what follows it. `optional`: the last step may be missing."""
        steps: list[nodes.Getattr | nodes.Getitem] = []
        inner: nodes.Expr = node
        while isinstance(inner, nodes.Getattr | nodes.Getitem):
            steps.append(inner)
            inner = inner.node
        steps.reverse()
        if not isinstance(inner, nodes.Name):
            value = self.value(inner)
            for step in steps:
                value, _ = self.step(value, step, optional=optional and step is steps[-1])
            return value
        return self._named_chain(inner, steps, optional=optional)

    def _named_chain(
        self, name: nodes.Name, steps: list[nodes.Getattr | nodes.Getitem], *, optional: bool
    ) -> Value:
        value = self.local(name.name)
        if value is not None:
            for step, last in self._optional(name, steps, optional=optional):
                value, _ = self.step(value, step, optional=last)
            return self.settled(value)
        guarded = (name.name,) in self.proved.present or (optional and not steps)
        value, outer = self._outer(name, guarded=guarded)
        if not outer:
            for step in steps:
                value, _ = self.step(value, step, optional=True)
            return value
        number = len(self.uses)
        start, end = self.parsed.chain_range(name)
        self.uses.append(
            Use(name=name.name, path=(), start=start, end=end, type=Unknown())
        )  # its place is taken before the subscripts, which may use names themselves
        value = Value(
            bound=value.bound,
            extent=Extent(0, {Flow(number): 1}),
            shown=name.name,
            items=value.items,
            members=value.members,
            outer=value.members is None,
        )
        path: list[str | int] = []
        computed = False
        for step, last in self._optional(name, steps, optional=optional):
            guarded = guarded or last
            value, key = self.step(value, step, optional=last)
            computed = computed or key is None
            if key is not None and not computed:
                path.append(key)
                _, end = self.parsed.chain_range(step)
        self.uses[number] = Use(
            name=name.name,
            path=tuple(path),
            start=start,
            end=end,
            type=value.type,
            guarded=guarded,
            in_loop=self.loops > 0,
            computed=computed,
        )
        return self.settled(value)

    def _optional(
        self, name: nodes.Name, steps: list[nodes.Getattr | nodes.Getitem], *, optional: bool
    ) -> Iterator[tuple[nodes.Getattr | nodes.Getitem, bool]]:
        """Yield the steps from a name, and whether what each leads to may be missing: the last if
        it is asked so, and any that a test around has found."""
        path: Path | None = (name.name,)
        for step in steps:
            key = step.attr if isinstance(step, nodes.Getattr) else guarding.constant_key(step)
            path = (*path, key) if path is not None and key is not None else None
            yield step, path in self.proved.present or (optional and step is steps[-1])

    def _outer(self, node: nodes.Name, *, guarded: bool) -> tuple[Value, bool]:
        """Resolve a name that the template does not define; false for one of Jinja's own."""
        name = node.name
        at = self.parsed.token_range(node.lineno)
        if self.scope.resolve(name) is None:
            if name in vocabulary.global_names():
                return Value(shown=name), False
            if name in JINJA_NAMES - {"loop"} and len(self.locals) > 1:
                return Value(shown=name, extent=NOTHING.times(None)), False
            if name in JINJA_NAMES and guarded:
                return Value(shown=name), False
            if name in JINJA_NAMES:
                place = "a `for`" if name == "loop" else "a macro"
                message = f"`{name}` means nothing here: it is known only inside {place}"
                self.faults.append(naming.unknown(message, None, at))
                return Value(shown=name), False
        others = tuple(name for frame in self.locals for name in frame)
        others += tuple(vocabulary.global_names())
        found = naming.look_up(
            self.scope, name, at, guarded=guarded, missing=self.proved.missing, others=others
        )
        if found.fault is not None:
            self.faults.append(found.fault)
        if isinstance(found.value, Members):
            return Value(members=found.value), True
        return Value(bound=found.value, items=found.value.items), True

    def step(
        self,
        owner: Value,
        node: nodes.Getattr | nodes.Getitem,
        *,
        optional: bool = False,
        called: bool = False,
    ) -> tuple[Value, str | int | None]:
        """Go one step into a value; also return the key, None where it is computed.

        An `optional` step may be missing; one that is `called` may be a method.
        """
        last = self.parsed.last_token(node)
        key: object
        if isinstance(node, nodes.Getattr):
            key = node.attr
            start, end = self.parsed.token_range(last)
        elif isinstance(node.arg, nodes.Const):
            key = node.arg.value
            start, end = self.parsed.token_range(node.arg.lineno)
            if isinstance(key, str) and end - start == len(key) + 2:
                start, end = start + 1, end - 1
        else:
            return self._computed(owner, node), None
        if isinstance(key, bool) or not isinstance(key, str | int):
            return Value(extent=owner.parts), None
        if owner.members is not None:
            found = naming.member(
                owner.members, owner.shown, str(key), (start, end), guarded=optional
            )
        else:
            found = naming.field(
                owner.bound,
                owner.shown,
                key,
                (start, end),
                guarded=optional,
                methods=called,
                declarable=owner.outer,
            )
        if found.fault is not None:
            self.faults.append(found.fault)
        assert isinstance(found.value, Bound)
        shown = f"{owner.shown}[{key}]" if isinstance(key, int) else f"{owner.shown}.{key}"
        if owner.members is not None and owner.members.dotted:
            rest = Value(bound=found.value, extent=owner.extent, shown=shown, members=owner.members)
            return rest, key
        extent = owner.parts
        return Value(bound=found.value, extent=extent, shown=shown), key

    def _computed(self, owner: Value, node: nodes.Getitem) -> Value:
        self.value(node.arg)
        if isinstance(node.arg, nodes.Slice):
            bound = Bound(type=owner.type, definition=owner.bound.definition)
            extent = owner.parts
            return Value(bound=bound, extent=extent, shown=owner.shown, items=owner.items)
        if owner.members is not None:
            return Value(bound=Bound(type=owner.members.open_type), extent=owner.extent)
        if isinstance(naming.strip(owner.type), Record):
            return Value(extent=owner.parts, shown=f"{owner.shown}[…]")
        return owner.item

    def settled(self, value: Value) -> Value:
        """Drop what flows where the type says that it carries no text."""
        extent = vocabulary.settled(value.type, value.extent)
        return Value(
            bound=value.bound,
            extent=extent,
            shown=value.shown,
            items=value.items,
            members=value.members,
        )
