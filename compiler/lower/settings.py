"""Lowering settings: from what is said in several places to what holds."""

from typing import TypeVar

from botticelli.compiler.ir import program as ir
from botticelli.compiler.narrative.located import Located
from botticelli.compiler.narrative.model import Budget, Carousel, Conduct, Limits

T = TypeVar("T")


def lower_settings(*conducts: Conduct) -> ir.ModelSettings:
    """Merge model settings; the first conduct that says something wins, key by key."""
    said = [conduct.settings for conduct in conducts]
    model = first(*(each.model for each in said))
    stop = first(*(each.stop for each in said)) or ()
    return ir.ModelSettings(
        model=model.value if model else None,
        temperature=value(first(*(each.temperature for each in said))),
        max_tokens=value(first(*(each.max_tokens for each in said))),
        top_p=value(first(*(each.top_p for each in said))),
        seed=value(first(*(each.seed for each in said))),
        stop=tuple(text.value for text in stop),
        thinking=value(first(*(each.thinking for each in said))),
    )


def settings_over(upper: ir.ModelSettings, lower: ir.ModelSettings) -> ir.ModelSettings:
    """Take from ``lower`` what ``upper`` leaves open."""
    return ir.ModelSettings(
        **{
            name: getattr(lower, name)
            if getattr(upper, name) in (None, ())
            else getattr(upper, name)
            for name in upper.__struct_fields__
        }
    )


def lower_retry(*conducts: Conduct, default: ir.Retry | None = None) -> ir.Retry:
    """Merge `retry` key by key, the first that says something winning."""
    base = default or ir.Retry()
    said = [conduct.retry for conduct in conducts if conduct.retry is not None]
    attempts = value(first(*(each.attempts for each in said)))
    backoff = value(first(*(each.backoff for each in said)))
    max_backoff = value(first(*(each.max_backoff for each in said)))
    invalid_output = value(first(*(each.invalid_output for each in said)))
    return ir.Retry(
        attempts=base.attempts if attempts is None else attempts,
        backoff=base.backoff if backoff is None else backoff,
        max_backoff=base.max_backoff if max_backoff is None else max_backoff,
        invalid_output=base.invalid_output if invalid_output is None else invalid_output,
    )


def lower_timeout(*conducts: Conduct, default: float | None = None) -> float | None:
    """Return the first time-out that is said, in seconds."""
    said = value(first(*(conduct.timeout for conduct in conducts)))
    return default if said is None else said


def lower_budget(budget: Budget | None) -> ir.Multipliers:
    if budget is None:
        return ir.Multipliers()
    return ir.Multipliers(rpm=value(budget.rpm), tpm=value(budget.tpm), rpd=value(budget.rpd))


def lower_limits(limits: Limits) -> ir.Caps:
    return ir.Caps(
        max_requests=value(limits.max_requests),
        max_tokens=value(limits.max_tokens),
        max_cost=value(limits.max_cost),
    )


def lower_carousel(carousel: Carousel, place: ir.Place) -> ir.Carousel:
    return ir.Carousel(
        iterations=carousel.iterations.value,
        place=place,
        estimated_tokens=value(carousel.estimated_tokens),
        continue_on_error=value(carousel.continue_on_error) or False,
        max_failures=value(carousel.max_failures),
        every=value(carousel.every),
        on_exhausted=value(carousel.on_exhausted) or "stop",
        budget=lower_budget(carousel.budget),
    )


def value(located: Located[T] | None) -> T | None:
    return None if located is None else located.value


def first(*found: T | None) -> T | None:
    """Return the first that is there."""
    return next((each for each in found if each is not None), None)
