"""What a command of a platform is, as data: its arguments, its result, the requests it stands for.

The checker compares narratives with it and the platform's client sends by it, so that both agree.
"""

from collections.abc import Mapping, Sequence
from re import findall
from typing import Literal

from msgspec import Struct

from botticelli.compiler.ir.types import Type

Location = Literal["path", "query", "body", "form", "header", "client"]
"""Where an argument goes. `client` ones are for this side: they steer or restrict, and are not
sent; `form` is a part of a multipart body."""

JsonConstant = None | bool | int | str


class Argument(Struct, frozen=True):
    """An argument of a command.

    `field` is the API's name where it differs; dots lead into nested objects of the body, and `*`
    is the body itself. `aliases` are other names that narratives may use. Where a command has
    several requests, `operations` names those that take the argument; empty means all. `secret`
    ones are never shown.
    """

    name: str
    type: Type
    location: Location = "body"
    required: bool = False
    field: str | None = None
    aliases: tuple[str, ...] = ()
    about: str = ""
    operations: tuple[str, ...] = ()
    secret: bool = False

    @property
    def sent_as(self) -> str:
        return self.field or self.name


class Request(Struct, frozen=True):
    """One operation of the platform's API; `path` holds its parameters in braces.

    `wants_body`: the API asks for a body even when there is nothing to put into it.
    """

    operation: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    wants_body: bool = False

    @property
    def parameters(self) -> list[str]:
        return findall(r"\{(\w+)\}", self.path)


class Command(Struct, frozen=True, kw_only=True):
    """A command.

    `requests` are the operations it may stand for: the first is sent whose path the given
    arguments fill. A command without requests is composed of others, named in `steps`. `fixed`
    goes into every body. Of each group in `one_of` at least one argument must be given.

    `writes`: it changes something outside. `keyed`: sent twice with one idempotency key, it
    happens once. `idempotent`: done twice, it leaves things as done once, though the second answer
    may differ. `withheld` names fields of the result that are secrets and are taken out of it.
    """

    name: str
    about: str
    result: Type
    requests: tuple[Request, ...] = ()
    arguments: tuple[Argument, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    steps: tuple[str, ...] = ()
    fixed: Mapping[str, JsonConstant] = {}
    writes: bool = False
    keyed: bool = False
    idempotent: bool = False
    withheld: tuple[str, ...] = ()

    def argument(self, name: str) -> Argument | None:
        """Find an argument by its name or an alias; a name wins over an alias."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        return next((each for each in self.arguments if name in each.aliases), None)

    @property
    def operations(self) -> frozenset[str]:
        """The operations of the API that the command's own requests stand for."""
        return frozenset(request.operation for request in self.requests)

    def missing(self, given: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Return the arguments that must be added to those given (names or aliases).

        Each group names arguments of which one is needed; most groups hold one name.
        """
        present = {each.name for each in map(self.argument, given) if each is not None}
        groups: list[tuple[str, ...]] = [(each.name,) for each in self.arguments if each.required]
        groups += self.one_of
        return tuple(group for group in groups if present.isdisjoint(group))

    def request_for(self, given: Sequence[str]) -> Request | None:
        """Return the first request whose path the arguments of these names fill."""
        fields = {each.sent_as for each in self.arguments if each.name in given}
        for request in self.requests:
            if fields.issuperset(request.parameters):
                return request
        return None

    def unfit(self, given: Sequence[str]) -> tuple[str, ...]:
        """Return which of the given arguments do not go with the request that the others choose."""
        request = self.request_for(given)
        return tuple(
            each.name
            for each in self.arguments
            if each.name in given
            and each.operations
            and request is not None
            and request.operation not in each.operations
        )
