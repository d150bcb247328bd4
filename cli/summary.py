"""What a run says at its end: what ran, what it used, why it stopped, where the results are."""

from pathlib import Path

from botticelli.cli.lines import duration
from botticelli.cli.runs import command_to_resume, command_to_show
from botticelli.runtime.events import RunFinished

_STATUS = {
    "completed": "Completed",
    "exhausted": "Stopped, its budget is exhausted",
    "failed": "Failed",
    "interrupted": "Interrupted",
}


def summarize(event: RunFinished, seconds: float, project: Path, source: str) -> str:
    """Return the summary as text.

    `seconds` is how long the run took; `source` is what was run, relative to the project's folder.
    """
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
    lines.append(f"  results  {command_to_show(event.run, project)}")
    if event.status != "completed":
        lines.append(f"  resume   {command_to_resume(event.run, project, source)}")
    return "\n".join(lines)
