"""How long rendered text can be, as a sum over what flows into it.

An extent bounds the UTF-8 bytes of a text: a constant, and for each outer value that flows into it
how often. The sizes of outer values are not known here; budgets put them in.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct


class Flow(Struct, frozen=True, order=True):
    """The text of one outer value: which use of a name it is, and in which form.

    With `as_json` the value flows as the JSON of its rows or parts, otherwise as it prints. When it
    is `plain`, only digits of it do, and no text.
    """

    use: int
    as_json: bool = False
    plain: bool = False


class Extent(Struct, frozen=True):
    """At most `constant` bytes and, of each flow's bytes, at most `flows[flow]` times as many.

    None is no bound. A value whose flows are all plain carries no text from outside.
    """

    constant: int | None = 0
    flows: Mapping[Flow, int | None] = {}

    @property
    def bounded(self) -> bool:
        return self.constant is not None and None not in self.flows.values()

    def __add__(self, other: "Extent") -> "Extent":
        return total((self, other))

    def __or__(self, other: "Extent") -> "Extent":
        """One or the other: the greater bound in every part."""
        flows = dict(self.flows)
        for flow, factor in other.flows.items():
            flows[flow] = _maximum(flows[flow], factor) if flow in flows else factor
        return Extent(_maximum(self.constant, other.constant), flows)

    def times(self, factor: int | None) -> "Extent":
        """Return the extent of that many such texts; None is any number."""
        if factor == 1:
            return self
        flows = {flow: _product(count, factor) for flow, count in self.flows.items()}
        return Extent(_product(self.constant, factor), flows)

    def as_json(self) -> "Extent":
        """Return the extent when values are taken apart: rows instead of a table's text."""
        return self._changed(lambda flow: Flow(flow.use, as_json=True, plain=flow.plain))

    def as_number(self) -> "Extent":
        """Return the extent when only numbers are taken from the values."""
        return self._changed(lambda flow: Flow(flow.use, flow.as_json, plain=True))

    def _changed(self, change: Callable[[Flow], Flow]) -> "Extent":
        flows: dict[Flow, int | None] = {}
        for old, factor in self.flows.items():
            new = change(old)
            flows[new] = _sum(flows[new], factor) if new in flows else factor
        return Extent(self.constant, flows)


NOTHING = Extent()


def total(extents: Iterable[Extent]) -> Extent:
    """Return the extent of texts one after another."""
    constant_: int | None = 0
    flows: dict[Flow, int | None] = {}
    for extent in extents:
        constant_ = _sum(constant_, extent.constant)
        for flow, factor in extent.flows.items():
            flows[flow] = _sum(flows[flow], factor) if flow in flows else factor
    return Extent(constant_, flows)


def constant(text: str) -> Extent:
    """Return the extent of a text that is known."""
    return Extent(len(text.encode("utf-8", "surrogatepass")))


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _maximum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else max(left, right)


def _product(left: int | None, right: int | None) -> int | None:
    if left == 0 or right == 0:
        return 0
    return None if left is None or right is None else left * right
