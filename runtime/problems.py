"""What stands in the way of a run before it has started."""

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing to mend. `usage`: what was given on the command line is wrong, and not the world.

    `name` is what was not found, and `known` what could have been meant.
    """

    message: str
    usage: bool = False
    name: str | None = None
    known: tuple[str, ...] = ()


class SetupError(Exception):
    """The run cannot start; every problem is named at once."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
