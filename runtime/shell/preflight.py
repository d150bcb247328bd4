"""What keeps a program from running with what it is given, found before anything is sent."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from botticelli.compiler.ir.program import MediaInput, Multipliers, Program
from botticelli.compiler.semantics.limits import LimitError, overlay, scale
from botticelli.compiler.semantics.templates import has_tags
from botticelli.runtime.drivers.protocol import Driver
from botticelli.runtime.flow.reach import DEEPEST, acts_of, reachable, too_deep
from botticelli.runtime.flow.triggers import Body, reads_trigger
from botticelli.runtime.problems import Problem
from botticelli.runtime.shell.media import MediaReader

NONE = Multipliers()


def missing_names(program: Program, environment: Mapping[str, str]) -> list[Problem]:
    """Names that a narrative reads and the environment does not have."""
    names = dict.fromkeys(
        name
        for narrative in reachable(program)
        for name in narrative.environment
        if name not in environment
    )
    if not names:
        return []
    listed = ", ".join(names)
    return [Problem(f"the narrative reads what is not set in the environment: {listed}")]


def overdeep(program: Program) -> Problem | None:
    """Narratives that run each other deeper than a run can stand."""
    place = too_deep(program)
    if place is None:
        return None
    where = f"{place.path}:{place.line}:{place.column}"
    return Problem(f"{where}: here narratives run each other more than {DEEPEST} deep")


def untriggered(program: Program, trigger: Body | None) -> list[Problem]:
    """A narrative that reads what starts it, where nothing does."""
    place = reads_trigger(program) if trigger is None else None
    if place is None:
        return []
    where = f"{place.path}:{place.line}:{place.column}"
    message = f"{where}: `trigger` is the body of a webhook; give one with --trigger FILE"
    return [Problem(message, usage=True)]


def untaken(program: Program, driver: Driver) -> list[Problem]:
    """Media of a kind that the driver cannot send."""
    return [
        Problem(f"{place.path}:{place.line}:{place.column}: {driver.name} takes no {kind}")
        for place, kind in sorted(
            {
                (source.place, source.kind)
                for narrative in reachable(program)
                for act in acts_of(narrative)
                for source in act.inputs
                if act.asks_model and isinstance(source, MediaInput)
            },
            key=lambda each: (each[0].path, each[0].line, each[0].column, each[1]),
        )
        if kind not in driver.capabilities.media
    ]


def unreadable(program: Program, driver: Driver, media: MediaReader) -> list[Problem]:
    """Files of media that are named without a template and cannot be read as they are now."""
    shown = {
        (source.place, source.kind, source.file.source, act.settings.model or driver.default_model)
        for narrative in reachable(program)
        for act in acts_of(narrative)
        for source in act.inputs
        if isinstance(source, MediaInput)
        and source.file is not None
        and not has_tags(source.file.source)
    }
    found: dict[str, Problem] = {}
    for place, kind, file, model in sorted(shown, key=repr):
        fault = media.fault(str(PurePosixPath(place.path).parent), file, model)
        if fault is not None:
            where = f"{place.path}:{place.line}:{place.column}"
            message = f"{where}: this {kind} cannot be read: {fault}"
            found[message] = Problem(message)
    return list(found.values())


def unpriced(program: Program, driver: Driver) -> list[Problem]:
    """A cap in dollars needs the price of every model that it is to hold for."""
    narratives = reachable(program)
    if all(narrative.limits.max_cost is None for narrative in narratives):
        return []
    models = {
        act.settings.model or driver.default_model
        for narrative in narratives
        for act in acts_of(narrative)
        if act.asks_model
    }
    return [
        Problem(
            f"`max_cost` cannot be kept: no price is known for {model}; give it in "
            f"[providers.{driver.provider}] of botticelli.toml"
        )
        for model in sorted(models)
        if driver.rate_limits(model).cost(0, 0) is None
    ]


def unusable(
    program: Program, driver: Driver, over: Multipliers, under: Multipliers
) -> list[Problem]:
    """Multipliers that leave nothing of a limit would hold up the first request for ever."""
    found: dict[str, Problem] = {}
    for narrative in reachable(program):
        carousel = narrative.carousel
        own = overlay(carousel.budget if carousel is not None else NONE, narrative.budget)
        for act in acts_of(narrative):
            if not act.asks_model:
                continue
            facts = driver.rate_limits(act.settings.model or driver.default_model)
            try:
                scale(facts.limits, overlay(over, overlay(own, under)))
            except LimitError as error:
                message = f"{facts.model}: {error}"
                found[message] = Problem(message, usage=over != NONE)
    return list(found.values())
