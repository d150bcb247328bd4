"""Structured logs: what happens in a run as JSON lines on standard error, through `logging`.

Each line has `time` (RFC 3339), `level`, `logger`, `message` and, of our own, `run` and the fields
of the event. Prompts and answers are logged only where that was asked for.
"""

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click
import msgspec

from botticelli.cli.lines import describe
from botticelli.cli.main import EXIT_USAGE
from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.events import (
    ActFailed,
    CarouselBudgetExhausted,
    Event,
    Retrying,
    RunFailed,
    RunStarted,
    Warned,
)

if TYPE_CHECKING:
    from botticelli.compiler.diagnostics import Diagnostic
    from botticelli.runtime.effects import AskModel, Result

_FIELDS = "botticelli_fields"
_SEVERITIES = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}


class _JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info is not None and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


class EventLog:
    """Logs the events of one run and what stands in its way under `botticelli.run`, what the check
    found under `botticelli.check`, and under `botticelli.prompts` what models were asked and
    answered, if `prompts`. Warnings of Python and of the libraries in use are logged as well."""

    def __init__(self, *, prompts: bool) -> None:
        self.prompts = prompts
        self._run: str | None = None
        self._events = logging.getLogger("botticelli.run")
        self._exchanges = logging.getLogger("botticelli.prompts")
        self._handler = logging.StreamHandler(sys.stderr)
        self._handler.setFormatter(_JsonLines())
        logging.getLogger().addHandler(self._handler)
        logging.getLogger("botticelli").setLevel(logging.INFO)
        logging.captureWarnings(capture=True)

    def take(self, event: Event) -> None:
        """Log an event, unless it repeats what an earlier process has done."""
        if isinstance(event, RunStarted):
            self._run = event.run
        if event.replayed is True:
            return
        fields = {"run": self._run, **msgspec.to_builtins(event)}
        fields.pop("time")
        # What the event calls a message stands in ours already.
        fields.pop("message", None)
        said = (describe(event) or fields["event"]).strip()
        self._events.log(_level(event), "%s", said, extra={_FIELDS: fields})

    def exchange(self, effect: "AskModel", result: "Result") -> None:
        """Log what a model was asked and what it answered."""
        request = effect.request
        fields = {
            "run": self._run,
            "address": str(effect.address),
            "act": effect.act,
            "model": request.model,
            "system": request.system,
            "messages": [{"role": each.role, "text": each.text} for each in request.messages],
            "answer": result.text if isinstance(result, ModelAnswer) else None,
        }
        self._exchanges.info("%s", f"{effect.act} asked {request.model}", extra={_FIELDS: fields})

    def problem(self, message: str) -> None:
        """Log what stands in the way of a run."""
        self._events.error("%s", message)

    def findings(self, diagnostics: "Sequence[Diagnostic]", files: int) -> None:
        """Log what the check found, as `check --format jsonl` says it."""
        from botticelli.compiler.report import render

        found = logging.getLogger("botticelli.check")
        for line in render("jsonl", diagnostics, color=False, files=files).splitlines():
            fields = json.loads(line)
            said = fields.pop("message")
            level = _SEVERITIES[fields.pop("severity")]
            found.log(level, "%s", f"{fields['code']}: {said}", extra={_FIELDS: fields})

    def close(self) -> None:
        logging.captureWarnings(capture=False)
        logging.getLogger().removeHandler(self._handler)


class LoggedError(click.ClickException):
    """Ends a command, whose command line is wrong, with a line of the log instead of a message for
    people."""

    exit_code = EXIT_USAGE

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - click's form
        log = EventLog(prompts=False)
        log.problem(self.message)
        log.close()


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell from a command line, which may be wrong, whether logs are asked for."""
    return "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)


def _level(event: Event) -> int:
    if isinstance(event, ActFailed | RunFailed | CarouselBudgetExhausted):
        return logging.ERROR
    return logging.WARNING if isinstance(event, Warned | Retrying) else logging.INFO
