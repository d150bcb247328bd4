"""Drivers opened by hand, for tests of what they send and of what they make of answers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from botticelli.compiler.ir.program import ModelSettings
from botticelli.compiler.semantics.configuration import DriverConfiguration
from botticelli.compiler.semantics.providers import Providers
from botticelli.runtime.drivers.protocol import (
    ASSISTANT,
    USER,
    Driver,
    DriverError,
    DriverSettings,
    Message,
    ModelAnswer,
    ModelRequest,
    Part,
    TextPart,
)
from botticelli.runtime.plugins import DRIVERS, load

LIST_OF_NOTES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 40},
            "stars": {"type": "integer", "minimum": 1, "maximum": 5},
            "by": {"type": "string"},
        },
        "required": ["title", "stars"],
        "additionalProperties": False,
    },
}


def open_driver(
    name: str,
    environment: dict[str, str],
    *,
    configuration: DriverConfiguration | None = None,
    providers: dict[str, Any] | None = None,
    project: Path | str = ".",
    **more: Any,
) -> Driver:
    plugin = load(DRIVERS, name)
    return plugin.open_driver(
        DriverSettings(
            configuration=configuration or DriverConfiguration(),
            environment=environment,
            providers=Providers(providers),
            own_limits=Providers(providers, bundled=False),
            project=str(project),
            **more,
        )
    )


def request(*turns: str | Part | tuple[Part, ...], model: str, **more: Any) -> ModelRequest:
    """A conversation: user and model speak in turns."""
    messages = []
    for number, turn in enumerate(turns):
        parts = turn if isinstance(turn, tuple) else (turn,)
        made = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
        messages.append(Message((USER, ASSISTANT)[number % 2], made))
    settings = more.pop("settings", ModelSettings(max_tokens=100))
    return ModelRequest(model=model, messages=tuple(messages), settings=settings, **more)


def using(make: Callable[[], Driver], use: Callable[[Any], Awaitable[Any]]) -> Any:
    """Open a driver within an event loop, use it once, and close it."""

    async def run() -> Any:
        driver = make()
        try:
            return await use(driver)
        finally:
            await driver.close()

    return asyncio.run(run())


def ask(make: Callable[[], Driver], asked: ModelRequest) -> ModelAnswer:
    return using(make, lambda driver: driver.generate(asked))


def stream(make: Callable[[], Driver], asked: ModelRequest) -> tuple[ModelAnswer, list[str]]:
    pieces: list[str] = []
    answer = using(make, lambda driver: driver.stream(asked, pieces.append))
    return answer, pieces


def fault(make: Callable[[], Driver], asked: ModelRequest) -> DriverError:
    try:
        answer = ask(make, asked)
    except DriverError as error:
        return error
    raise AssertionError(f"an answer instead of a fault: {answer}")
