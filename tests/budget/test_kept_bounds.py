"""No run uses more than its ceiling or less than its floor: random programs, run by the real shell.

`BOTTICELLI_BOUNDS_EXAMPLES` says how many programs are tried (100); a nightly run takes thousands.
"""

import math
import os
import tempfile
from pathlib import Path
from typing import Any

from budget.greedy import Greedy, perform
from budget.random_narratives import Case, cases, write_picture, write_table
from hypothesis import HealthCheck, assume, given, settings

from botticelli.compiler.budget.analysis import budget_of
from botticelli.compiler.budget.models import Models
from botticelli.compiler.budget.result import Budget
from botticelli.compiler.lower.bounds import bounded
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.runtime.journal.records import COMPLETED
from botticelli.runtime.shell.records import Report

NEAR = 0.9
"""Of the ceiling in requests and output tokens: that it holds must not come from its height."""
EXAMPLES = int(os.environ.get("BOTTICELLI_BOUNDS_EXAMPLES", "100"))
SMALL = {"max_output": 120}
PROVIDERS: dict[str, Any] = {
    "gemini": {
        "day": "sliding",
        "tiers": {"free": {"models": {"gemini-2.5-flash": {"rpm": 300, "rpd": 1_000_000}}}},
        "models": {"gemini-2.5-flash": SMALL},
    },
    "openai": {"models": {"gpt-4.1-mini": SMALL}},
    "anthropic": {"models": {"claude-sonnet-4-5": SMALL}},
}


def run(case: Case, *, most: bool) -> tuple[Greedy, Report]:
    """Run a program that carries its bounds; none of its requests may meet them."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_picture(case, project)
        program = bounded(case.program, models_in(folder))
        driver, report = perform(
            program,
            project,
            PROVIDERS,
            write_table(case, project / "tables.sqlite"),
            most=most,
            model=case.model,
            counting=case.counting,
            styles=case.styles,
            structured=case.structured,
            media=lambda _: picture_tokens(case.model, *case.pixels),
            topic=(case.styles[0] * 20)[:20] if most else "",
        )
    # What the runtime refuses never reaches the driver's books, which would then look kept.
    assert not any(limit.startswith("proven_") for limit in driver.refused), report.message
    return driver, report


def models_in(folder: str) -> Models:
    return Models(Configuration(project=folder, providers=PROVIDERS))


def picture_tokens(model: str, width: int, height: int) -> int:
    """What an image takes by the providers' documentation."""
    if model.startswith("gemini"):
        small = width <= 384 and height <= 384
        return 258 if small else 258 * math.ceil(width / 768) * math.ceil(height / 768)
    if model.startswith("claude"):
        return min(1_600, math.ceil(width * height / 750))
    patches = math.ceil(width / 32) * math.ceil(height / 32)
    return math.ceil(min(patches, 1536) * 1.62)


def bounds(case: Case) -> Budget:
    with tempfile.TemporaryDirectory() as folder:
        write_picture(case, Path(folder))
        return budget_of(case.program, models_in(folder))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_no_run_is_above_the_ceiling_or_below_the_floor(case: Case) -> None:
    budget = bounds(case)
    use = budget.spent.use

    most, _ = run(case, most=True)
    least, ended = run(case, most=False)

    for used, interval in (
        (most.requests, use.requests),
        (most.input, use.input),
        (most.output, use.output),
    ):
        assert interval.ceiling is None or used <= interval.ceiling
    if ended.status == COMPLETED and not least.failures:
        assert least.requests >= use.requests.floor
        assert least.input >= use.input.floor
        assert least.output >= use.output.floor


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(decided=True))
def test_a_run_that_uses_all_it_may_comes_near_its_ceiling(case: Case) -> None:
    use = bounds(case).spent.use

    most, ended = run(case, most=True)

    # A template may meet a value that its filters do not take.
    assume(ended.status == COMPLETED and not most.failures)
    assert most.requests >= NEAR * (use.requests.ceiling or 0)
    assert most.output >= NEAR * (use.output.ceiling or 0)
