"""What a run says at its end: what ran, what it used, why it stopped, where the results are."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from botticelli.cli.lines import duration
from botticelli.cli.runs import command_to_resume, command_to_show
from botticelli.compiler.ir.bounds import UseBounds
from botticelli.runtime.events import RunFinished

_STATUS = {
    "completed": "Completed",
    "exhausted": "Stopped, its budget is exhausted",
    "failed": "Failed",
    "interrupted": "Interrupted",
}


def summarize(
    event: RunFinished,
    seconds: float,
    project: Path,
    source: str,
    *,
    partial: bool = False,
    unknown: Sequence[str] = (),
    repeated: Mapping[str, int] = MappingProxyType({}),
) -> str:
    """Return the summary as text.

    `seconds` is how long the run took; `source` is what was run, relative to the project's folder.
    `partial`: it began with results of another run, so that what is predicted of all is not of it.
    `unknown` names writes of which nobody knows whether they took effect, `repeated` says how often
    something was the case that was said once.
    """
    lines = [f"{_head(event)}, in {duration(seconds)}."]
    if event.message and event.status != "interrupted":
        lines.append(f"  because  {event.message}")
    bounds = None if partial else event.bounds
    lines.extend(_use(event, bounds))
    if bounds is not None and 1 < event.iterations > event.completed + event.failures:
        done = f"{event.completed + event.failures} of {event.iterations} iterations ended"
        lines.append(f"  note     {done}; the bounds are those of all of them")
    if event.simulated:
        lines.append("  note     simulated: no model was asked, and nothing was paid")
    for said, times in repeated.items():
        if times > 1:
            lines.append(f"  note     {said} ({times:,} times)")
    if event.status != "completed" and unknown:
        lines.append(f"  unknown  whether this took effect: {', '.join(unknown)}")
    lines.append(f"  results  {command_to_show(event.run, project)}")
    if event.status != "completed":
        decide = " --on-unknown skip|repeat" if unknown else ""
        lines.append(f"  resume   {command_to_resume(event.run, project, source)}{decide}")
    return "\n".join(lines)


def _head(event: RunFinished) -> str:
    """How the run ended; what it has done of a single iteration is no number."""
    status = _STATUS[event.status]
    if event.iterations == 1:
        return f"{status}: 1 of 1 run" if event.completed else status
    failed = f", {event.failures} failed" if event.failures else ""
    return f"{status}: {event.completed} of {event.iterations} iterations{failed}"


def _use(event: RunFinished, bounds: UseBounds | None) -> list[str]:
    """What was used and, line by line beneath it, what was predicted."""
    cost = "an unknown price" if event.cost is None else f"${event.cost:.4f}"
    rows = {"used": (*_counts(event.requests, event.input_tokens, event.output_tokens), cost)}
    if bounds is not None and bounds.requests.ceiling != 0:
        rows |= {
            label: (*(_counts(*_ends(bounds, name))), _price(bounds, name))
            for label, name in _ENDS.items()
            if event.status == "completed" or name != "floor"  # it is that of runs that complete
        }
    widths = [max(len(cells[column]) for cells in rows.values()) for column in range(3)]
    lines = []
    for label, (*counts, price) in rows.items():
        aligned = [cell.rjust(width) for cell, width in zip(counts, widths, strict=True)]
        lines.append(f"  {label:<8} {', '.join([*aligned, price])}")
    return lines


_ENDS = {"at least": "floor", "expected": "expected", "at most": "ceiling"}


def _ends(bounds: UseBounds, name: str) -> Iterator[float | None]:
    for part in (bounds.requests, bounds.input_tokens, bounds.output_tokens):
        yield getattr(part, name)


def _counts(
    requests: float | None, tokens_in: float | None, tokens_out: float | None
) -> tuple[str, str, str]:
    noun = "request" if requests == 1 else "requests"
    return (
        f"{_count(requests)} {noun}",
        f"{_count(tokens_in)} tokens in",
        f"{_count(tokens_out)} out",
    )


def _count(number: float | None) -> str:
    return "unbounded" if number is None else f"{round(number):,}"


def _price(bounds: UseBounds, name: str) -> str:
    if bounds.cost is None:
        return "an unknown price"
    price: float | None = getattr(bounds.cost, name)
    return "no bound" if price is None else f"${price:.4f}"
