"""What a run says at its end: what ran, what it used, why it stopped, where the results are."""

from botticelli.cli.progress import duration
from botticelli.runtime.events import RunFinished

_STATUS = {
    "completed": "Completed",
    "exhausted": "Stopped, its budget is exhausted",
    "failed": "Failed",
    "interrupted": "Interrupted",
}


def summarize(event: RunFinished, seconds: float, store: str) -> str:
    """Return the summary as text; `seconds` is how long the run took, `store` its file."""
    head = f"{_STATUS[event.status]}: {event.completed} of {event.iterations} " + (
        "iterations" if event.iterations != 1 else "run"
    )
    if event.failures:
        head += f", {event.failures} failed"
    lines = [f"{head}, in {duration(seconds)}."]
    if event.message and event.status != "interrupted":
        lines.append(f"  because  {event.message}")
    cost = "an unknown price" if event.cost is None else f"${event.cost:.4f}"
    lines.append(
        f"  used     {event.requests:,} {'request' if event.requests == 1 else 'requests'}, "
        f"{event.input_tokens:,} tokens in, {event.output_tokens:,} out, {cost}"
    )
    if event.simulated:
        lines.append("  note     simulated: no model was asked, and nothing was paid")
    lines.append(f"  results  botticelli runs show {event.run}   (in {store})")
    if event.status != "completed":
        lines.append(f"  resume   botticelli exec --resume {event.run}")
    return "\n".join(lines)
