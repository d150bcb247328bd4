"""Findings of a file after its ignore comments have silenced theirs."""

from msgspec import Struct

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.grammar.catalogue import RULES, Rule


class UnusedIgnore(Struct, frozen=True):
    """A code that silenced nothing (empty: the comment has none), and BOT801 about it."""

    code: str
    diagnostic: Diagnostic

    @property
    def rule(self) -> Rule | None:
        """The rule that the code names. While it is not reported, its ignores are not unused."""
        return next((r for r in RULES.values() if self.code in {r.code, r.name}), None)


class Suppressed(Struct, frozen=True):
    """What is left of the findings, and the ignores that silenced none."""

    diagnostics: tuple[Diagnostic, ...]
    unused: tuple[UnusedIgnore, ...] = ()
