"""What stands in the way of a command, said to people."""

from typing import TYPE_CHECKING

import click

from botticelli.cli.main import EXIT_FINDINGS, EXIT_USAGE

if TYPE_CHECKING:
    from botticelli.runtime.problems import SetupError


def explain(error: "SetupError") -> int:
    """Print what stands in the way of a run and return the exit code."""
    from botticelli.compiler.nearest import listing, nearest

    for problem in error.problems:
        hint = ""
        if problem.name is not None:
            guess = nearest(problem.name, problem.known)
            if guess is not None:
                hint = f"; did you mean `{guess}`?"
            elif problem.known:
                hint = f"; there are {listing(problem.known)}"
        click.echo(f"error: {problem.message}{hint}", err=True)
    usage = all(problem.usage for problem in error.problems)
    return EXIT_USAGE if usage else EXIT_FINDINGS
