"""The page put together: a template that escapes, our own style and script, and their hashes."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from botticelli.compiler.budget.intervals import Interval
from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.facts import act_name, facts, given_text, limits_text
from botticelli.compiler.explain.page.drawing import draw
from botticelli.compiler.explain.page.plotting import Plot, plot
from botticelli.compiler.explain.page.tracing import Source, Tracing, titles
from botticelli.compiler.explain.sources import Sources
from botticelli.compiler.explain.wording import (
    dollars,
    listed,
    place_text,
    repeated,
    span_of_time,
    whole,
    without_secrets,
)
from botticelli.compiler.report.display import visible

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_PARTS = {
    "persona": "persona",
    "history": "conversation before it",
    "form": "form of the answer",
    "columns": "columns to be filled",
    "framing": "framing of messages",
}


class _Slice(Struct, frozen=True):
    """A part of a request as it is drawn: where it begins and how wide it is, in percent."""

    kind: str
    name: str
    tokens: Interval
    x: float
    width: float
    share: float


class _Request(Struct, frozen=True):
    """An act as it is shown beside the source: what its first request is made of."""

    narrative: shown.Narrative
    act: shown.Act
    anchor: str
    slices: tuple[_Slice, ...]
    whole: float


def render(explanation: shown.Explanation, sources: Sources) -> str:
    """Return the page. ``sources`` have the texts of the files."""
    tracing = Tracing(explanation)
    style, script = _asset("page.css"), _asset("page.js")
    shown_sources: list[Source] = []
    for path in tracing.paths:
        text = sources.text(path)
        if text is not None:
            shown_sources.append(tracing.source(path, text))
    return _template().render(
        explanation=explanation,
        entry=explanation.narratives[0],
        drawings=[(each, draw(explanation, each)) for each in explanation.narratives],
        requests=_requests(explanation),
        sources=shown_sources,
        piece_name=tracing.name,
        plot=_plot(explanation),
        policy=_policy(style, script),
        style=style,
        script=script,
    )


def _plot(explanation: shown.Explanation) -> Plot | None:
    course = explanation.course
    if course is None or not course.curves:
        return None
    stop = next((part.stop for part in explanation.carousels if part.stop is not None), None)
    return plot(course, stop)


def anchor(narrative: str, act: str) -> str:
    """Return a name for the place of an act on the page."""
    return f"act-{hashlib.sha256(f'{narrative}/{act}'.encode()).hexdigest()[:12]}"


def _requests(explanation: shown.Explanation) -> list[_Request]:
    names = titles(explanation)
    return [
        _Request(
            narrative,
            act,
            anchor(narrative.name, act.name),
            *_slices(act, names),
        )
        for narrative in explanation.narratives
        for act in narrative.acts
    ]


def _slices(
    act: shown.Act, names: Mapping[tuple[str, int, int], str]
) -> tuple[tuple[_Slice, ...], float]:
    total = sum(each.tokens.expected for each in act.request)
    found = []
    x = 0.0
    for each in act.request:
        if not each.tokens.expected or not total:
            continue
        name = _PARTS.get(each.kind, "")
        if not name and each.place is not None:
            name = names.get((each.place.path, each.place.line, each.place.column), each.kind)
        share = each.tokens.expected / total
        width = round(100 * share, 3)
        found.append(_Slice(each.kind, name, each.tokens, round(x, 3), width, share))
        x += width
    return tuple(found), total


def shown_text(text: str) -> str:
    """Return a text of several lines with keys covered and nothing hidden in it."""
    return "\n".join(map(visible, without_secrets(text).split("\n")))


def _policy(style: str, script: str) -> str:
    """The content security policy: nothing from anywhere, but our own style and script."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> str:
    return files("botticelli.compiler.explain.page").joinpath(name).read_text("utf-8")


@cache
def _template() -> "Template":
    return _environment().from_string(_asset("page.html"))


def _environment() -> "Environment":
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def ours(text: str) -> Any:
        """Mark a constant of ours as it stands: our own style or script."""
        return Markup(text)  # noqa: S704 - never anything from a source

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "count": whole,
        "dollars": dollars,
        "listed": listed,
        "ours": ours,
        "place": place_text,
        "repeated": repeated,
        "time": span_of_time,
        "visible": visible,
        "percent": lambda share: f"{share:.0%}" if share >= 0.01 or not share else "< 1%",
        "tokens": lambda number: f"{number:,.0f}" if number >= 1 else "less than 1",
    }
    environment.globals |= {
        "count": whole,
        "dollars": dollars,
        "facts": facts,
        "given_text": given_text,
        "shown_text": shown_text,
        "time": span_of_time,
        "act_name": act_name,
        "anchor": anchor,
        "limits_text": limits_text,
    }
    return environment
