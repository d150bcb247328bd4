"""Reading what acts, characters, narratives and carousels have in common: settings and budgets."""

from botticelli.compiler.narrative.fields import Fields, takes_number
from botticelli.compiler.narrative.located import Located
from botticelli.compiler.narrative.model import (
    Budget,
    Carousel,
    Conduct,
    Limits,
    ModelSettings,
    Retry,
)
from botticelli.compiler.syntax.nodes import Array, Scalar, Table


def read_conduct(fields: Fields) -> Conduct:
    """Read model settings, `retry` and `timeout`."""
    return Conduct(
        settings=_read_model_settings(fields),
        retry=fields.read("retry", read_retry),
        timeout=fields.duration("timeout"),
    )


def _read_model_settings(fields: Fields) -> ModelSettings:
    model = fields.text("model")
    if model is not None and not model.value.strip():
        fields.bad_value(model.node, "`model` is empty")
        model = None
    stop_node = fields.node("stop")
    stop = fields.texts("stop") if isinstance(stop_node, Array) else None
    if stop_node is not None and not isinstance(stop_node, Array):
        text = fields.as_text(stop_node, "`stop`")
        stop = (text,) if text else None
    return ModelSettings(
        model=model,
        temperature=fields.number("temperature", 0, 2),
        max_tokens=fields.integer("max_tokens", 1),
        top_p=fields.number("top_p", 0, 1),
        seed=fields.integer("seed"),
        stop=stop,
        thinking=_read_thinking(fields),
    )


def _read_thinking(fields: Fields) -> Located[int | str] | None:
    node = fields.node("thinking")
    if node is None:
        return None
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str):
        if value != "off":
            fields.bad_value(node, f'`thinking` is a number of tokens or "off", found `{value}`')
            return None
        return Located[int | str](value, node)
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            fields.bad_value(node, f"`thinking` must be at least 0, found {value}")
            return None
        return Located[int | str](value, node)
    fields.wrong_type(node, "`thinking`", 'a number of tokens or "off"')
    return None


def read_retry(fields: Fields) -> Retry:
    return Retry(
        attempts=fields.integer("attempts", 1),
        backoff=fields.duration("backoff"),
        max_backoff=fields.duration("max_backoff"),
        invalid_output=fields.integer("invalid_output", 0),
    )


def read_budget(fields: Fields) -> Budget:
    return Budget(
        rpm=fields.number("rpm_multiplier", above=0, maximum=1),
        tpm=fields.number("tpm_multiplier", above=0, maximum=1),
        rpd=fields.number("rpd_multiplier", above=0, maximum=1),
    )


def read_limits(fields: Fields) -> Limits:
    return Limits(
        max_requests=fields.integer("max_requests", 1),
        max_tokens=fields.integer("max_tokens", 1),
        max_cost=fields.number("max_cost", above=0),
    )


def read_carousel(fields: Fields) -> Carousel:
    """Read the keys of a carousel; the caller finishes the table, which may hold others.

    One whose iterations are missing or wrong is one all the same: what is in it is repeated.
    """
    fields.require("iterations", takes=takes_number)
    return Carousel(
        node=fields.table,
        iterations=fields.integer("iterations", 1) or Located(1, fields.table),
        estimated_tokens=fields.integer("estimated_tokens_per_iteration", 1),
        continue_on_error=fields.boolean("continue_on_error"),
        max_failures=fields.integer("max_failures", 1),
        every=fields.duration("every"),
        on_exhausted=fields.choice("on_exhausted", ("stop", "wait")),
        budget=fields.read("budget", read_budget) or Budget(),
    )


def read_carousel_at(fields: Fields, key: str, where: str) -> Carousel | None:
    """Read a carousel under ``key``: a table, or a number of iterations."""
    node = fields.node(key)
    if node is None or isinstance(node, Table):
        return fields.read(key, read_carousel, where)
    return Carousel(node=node, iterations=fields.integer(key, 1) or Located(1, node))
