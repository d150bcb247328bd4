"""What stands in the way of a command, said to people."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botticelli.cli.main import EXIT_FINDINGS, EXIT_USAGE
from botticelli.cli.printable import echo_text

if TYPE_CHECKING:
    from botticelli.runtime.problems import SetupError


Say = Callable[[str], None]
"""Says on standard error what stands in the way."""


def say(message: str) -> None:
    echo_text(f"error: {message}", err=True)


def explain(error: "SetupError", say: Say = say, *, details: bool = True) -> int:
    """Say what stands in the way of a run, for people with its details, and return the exit
    code."""
    from botticelli.compiler.nearest import listing, nearest

    for problem in error.problems:
        hint = ""
        if problem.name is not None:
            guess = nearest(problem.name, problem.known)
            if guess is not None:
                hint = f"; did you mean `{guess}`?"
            elif problem.known:
                hint = f"; there are {listing(problem.known)}"
        lines = problem.details if details else ()
        say("\n".join([f"{problem.message}{hint}", *lines]))
    usage = all(problem.usage for problem in error.problems)
    return EXIT_USAGE if usage else EXIT_FINDINGS
