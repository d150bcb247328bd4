"""What stands in the way of a run: before it has started, and of keeping its books."""

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing to mend. `usage`: what was given on the command line is wrong, and not the world.

    `name` is what was not found, and `known` what could have been meant. `details` are further
    lines for people, which may show prompts or arguments, so that logs leave them out.
    """

    message: str
    usage: bool = False
    name: str | None = None
    known: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class StoreError(Exception):
    """A file that the runtime keeps cannot be opened, read or written; the message is for
    people."""


class SetupError(Exception):
    """The run cannot start; every problem is named at once."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
