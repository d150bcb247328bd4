"""The bounds of what is about to run: those it was compiled with, where they hold, else new ones.

A driver may ask other models than the compiler assumed, the command line may narrow a program or
say what its variables are, and files of media may have changed.
"""

from typing import TYPE_CHECKING

from botticelli.compiler.ir.program import MediaInput
from botticelli.runtime.shell.proven import unmet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botticelli.cli.plan import Plan
    from botticelli.compiler.budget.driven import DriverModels
    from botticelli.compiler.ir.bounds import UseBounds
    from botticelli.compiler.ir.program import Program
    from botticelli.runtime.drivers.protocol import Driver


def bounded_for(plan: "Plan", driver: "Driver") -> "Program":
    """Return the program of a plan with the bounds that hold for what a driver asks."""
    bounds = plan.program.bounds
    if (
        bounds is not None
        and unmet(bounds, driver) is None
        and (not plan.variables or _is_bounded(bounds.run))
        and not any(media_files(plan.program))
    ):
        return plan.program
    from botticelli.compiler.lower.bounds import bounded

    return bounded(
        plan.program,
        models_of(plan, driver),
        project=plan.configuration.budget,
        command_line=plan.settings.budget,
        variables=plan.variables,
    )


def media_files(program: "Program") -> "Iterator[MediaInput]":
    """Yield the media that are read from files when they are needed."""
    for narrative in program.narratives.values():
        for act in narrative.acts.values():
            for source in act.inputs:
                if isinstance(source, MediaInput) and source.file is not None:
                    yield source


def models_of(plan: "Plan", driver: "Driver") -> "DriverModels":
    """Return the models of a plan as its driver knows them."""
    from botticelli.compiler.budget.driven import DriverModels

    return DriverModels(
        plan.configuration, driver.provider, driver.default_model, driver.rate_limits
    )


def _is_bounded(run: "UseBounds") -> bool:
    return None not in (run.requests.ceiling, run.input_tokens.ceiling, run.output_tokens.ceiling)
