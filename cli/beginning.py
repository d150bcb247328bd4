"""`--now` of `compile --explain`: a run that begins now, with what the ledger says is used."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from botticelli.cli.problems import explain

if TYPE_CHECKING:
    from botticelli.cli.explaining import Question
    from botticelli.compiler.compile import CompileResult
    from botticelli.compiler.semantics.limits import Books, Limits
    from botticelli.runtime.drivers.protocol import Driver


def begun(result: "CompileResult", question: "Question") -> "Question":
    """Return the question with this moment and the books of the ledger.

    Ends the command where the driver, whose key the ledger is kept by, cannot be opened.
    """
    from botticelli.compiler.explain.course import Begin
    from botticelli.runtime.shell.clock import RealClock
    from botticelli.runtime.shell.ledger import Pool
    from botticelli.runtime.shell.opening import open_ledger

    driver = driver_of(result, question)
    asyncio.run(driver.close())
    clock = RealClock()
    ledger, warnings = open_ledger(driver, os.environ, clock)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    now, account = clock.now(), driver.account or ""

    def books(pool: tuple[str, str], limits: "Limits") -> "Books":
        return ledger.books(Pool(pool[0], account, pool[1]), now, limits)

    return replace(question, begin=Begin(now, books))


def driver_of(result: "CompileResult", question: "Question") -> "Driver":
    """Open the driver that would ask; end the command where that cannot be."""
    from botticelli.runtime.problems import Problem, SetupError
    from botticelli.runtime.shell.opening import Options, open_driver

    problems: list[Problem] = []
    options = Options(driver=question.driver, tier=question.tier)
    driver = open_driver(result.configuration, options, os.environ, problems)
    if driver is None:
        sys.exit(explain(SetupError(*problems)))
    return driver
