"""What a person sees of a run while it runs. A display reads the event stream and nothing else."""

import signal
import sys
from typing import Protocol

import click

from botticelli.cli.lines import Lines
from botticelli.cli.printable import printable
from botticelli.runtime.events import Event


class Display(Protocol):
    """Shows events between `start` and `stop`; `follows_answers` while they are still coming."""

    follows_answers: bool

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def show(self, event: Event) -> None: ...

    def say(self, line: str) -> None:
        """Show a line that no event holds."""
        ...

    def ask(self, question: str) -> bool:
        """Ask the person in front of the terminal; false when there is none."""
        ...


class PlainLines:
    """One line for each event that is worth one, to standard output."""

    follows_answers = False

    def __init__(self) -> None:
        self._lines = Lines()

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def show(self, event: Event) -> None:
        line = self._lines.line(event)
        if line is not None:
            click.echo(printable(line))

    def say(self, line: str) -> None:
        click.echo(printable(line))

    def ask(self, question: str) -> bool:
        return ask_on_terminal(question)


class Silence(PlainLines):
    """Nothing is shown."""

    def show(self, event: Event) -> None:
        pass

    def say(self, line: str) -> None:
        pass


def ask_on_terminal(question: str) -> bool:
    """Ask when there is a terminal to ask on; the end of its input is a no.

    While a question stands nothing else runs, and Ctrl-C interrupts at once: the event loop would
    take note of it and leave the question standing. Raises KeyboardInterrupt.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort as abort:
        click.echo(err=True)
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        return False
    finally:
        signal.signal(signal.SIGINT, before)
