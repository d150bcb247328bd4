"""`--count-tokens` of `compile --explain`: the provider counts the texts that are known beforehand.

The program is bounded once to learn which texts are estimated; each is counted as a message of its
own, less what an almost empty message takes. Counts are remembered with those of runs.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from botticelli.cli.beginning import driver_of
from botticelli.compiler.semantics.tokens import Counting

if TYPE_CHECKING:
    from botticelli.cli.explaining import Question
    from botticelli.compiler.compile import CompileResult
    from botticelli.runtime.drivers.counting import TokenCounter
    from botticelli.runtime.drivers.protocol import ModelRequest

AT_A_TIME = 8
"""Requests to count that are under way at once."""

_LITTLE = "."
"""A text of one token, whose message shows what framing takes."""


def counted(result: "CompileResult", question: "Question") -> "Question":
    """Return the question with what the provider has counted.

    Ends the command where a driver cannot be opened. Raises click.UsageError for one that cannot
    count.
    """
    from botticelli.cli.explaining import bounded

    counting = Counting()
    question = replace(question, counting=counting)
    bounded(result, question)
    failure = asyncio.run(_count(result, question, counting))
    if failure is not None:
        click.echo(f"note: {failure}: the rest is estimated", err=True)
    return question


async def _count(result: "CompileResult", question: "Question", counting: Counting) -> str | None:
    """Count what was estimated; return why it ended early, if it did."""
    from botticelli.runtime.drivers.counting import TokenCounter, TokenCounts
    from botticelli.runtime.drivers.protocol import CountingDriver

    driver = driver_of(result, question)
    try:
        if not (driver.capabilities.count_tokens and isinstance(driver, CountingDriver)):
            raise click.UsageError(
                f"--count-tokens: {driver.name} cannot count tokens; gemini and anthropic can"
            )
        project = Path(result.configuration.project)
        counter = TokenCounter(driver, driver.provider, TokenCounts(project))
        try:
            return await _count_all(counter, counting)
        finally:
            counter.close()
    finally:
        await driver.close()


async def _count_all(counter: "TokenCounter", counting: Counting) -> str | None:
    from botticelli.runtime.drivers.protocol import DriverError

    wanted = list(counting.estimated)
    room = asyncio.Semaphore(AT_A_TIME)

    async def count(model: str, text: str) -> None:
        async with room:
            least = await counter.count(_request(model, _LITTLE))
            tokens = await counter.count(_request(model, text))
        counting.counts[model, text] = max(1, tokens - least + 1)

    tasks = [asyncio.create_task(count(*each)) for each in wanted if each[1].strip()]
    try:
        await asyncio.gather(*tasks)
    except DriverError as error:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return str(error)
    return None


def _request(model: str, text: str) -> "ModelRequest":
    from botticelli.runtime.drivers.protocol import USER, Message, ModelRequest, TextPart

    return ModelRequest(model=model, messages=(Message(USER, (TextPart(text),)),))
