"""What names stand for at one place of a run, kept so that two ways to there are joined quickly.

A narrative has about as many names as acts, and each act changes a few of them. What changed lately
is held apart from the rest, so that states that come from one another are compared and joined by
what they differ in, not name by name.
"""

from collections.abc import Iterator, Mapping

from botticelli.compiler.budget.sizes import Value

_LATELY = 16
"""Changes that are held apart even from a few names."""


class Values(Mapping[str, Value]):
    """An immutable mapping of names to what they stand for: `changes` over `base`."""

    def __init__(
        self, base: Mapping[str, Value] | None = None, changes: Mapping[str, Value] | None = None
    ) -> None:
        self.base = {} if base is None else base
        self.changes = {} if changes is None else changes

    def __getitem__(self, name: str) -> Value:
        found = self.changes.get(name)
        return self.base[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        yield from self.base
        yield from (name for name in self.changes if name not in self.base)

    def __len__(self) -> int:
        return len(self.base.keys() | self.changes.keys())

    def changed(self, changes: Mapping[str, Value]) -> "Values":
        """The same but for some names. Of n names, about the root of n changes are held apart, so
        that neither they nor putting them to the rest take long."""
        lately = {**self.changes, **changes}
        if len(lately) > _LATELY and len(lately) ** 2 > len(self.base):
            return Values({**self.base, **lately})
        return Values(self.base, lately)

    def __or__(self, other: "Values") -> "Values":
        """What the names stand for after one of two ways here."""
        joined: dict[str, Value] = {}
        for name in self.apart(other):
            first, second = self.get(name), other.get(name)
            if first is None or second is None:
                only = first or second
                assert only is not None
                joined[name] = only
            else:
                joined[name] = first if first is second else first | second
        return self.changed(joined)

    def apart(self, other: "Values") -> Mapping[str, object]:
        """The names in which two may differ; all others are the same in both."""
        if self.base is other.base:
            return {**self.changes, **other.changes}
        return dict.fromkeys((*self, *other))
