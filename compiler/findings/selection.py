"""Which rules are reported: selected, ignored, ignored in some files, made errors by `strict`."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.findings.patterns import matches_path
from botticelli.compiler.findings.suppressed import Suppressed
from botticelli.compiler.nearest import nearest
from botticelli.grammar.catalogue import RULES, UNKNOWN_MODEL, UNKNOWN_SCHEMA, Rule, Severity

ALL = "ALL"
_STRICT = frozenset({UNKNOWN_SCHEMA.code, UNKNOWN_MODEL.code})


class Selection(Struct, frozen=True, kw_only=True):
    """Codes, names or prefixes of codes (`BOT4`), as written; None selects everything.

    ``per_file`` maps patterns of paths relative to the project to what is ignored there.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    per_file: dict[str, tuple[str, ...]] = {}
    strict: bool = False

    def over(self, below: "Selection") -> "Selection":
        """Lay this selection over another. What it selects is all that is selected; what it
        ignores is ignored as well."""
        if self.select is None:
            select, ignore = below.select, (*below.ignore, *self.ignore)
        else:
            select, ignore = self.select, self.ignore
        return Selection(
            select=select,
            ignore=ignore,
            per_file={**below.per_file, **self.per_file},
            strict=self.strict or below.strict,
        )

    def reports(self, rule: Rule, path: str) -> bool:
        """Tell whether a rule is reported for a file, by its path relative to the project.

        Where a rule is both selected and ignored, the longer selector wins, then the ignore.
        """
        selected = 0 if self.select is None else _weight(rule, self.select)
        if selected is None:
            return False
        ignored = _weight(rule, self.ignore)
        if ignored is not None and ignored >= selected:
            return False
        return not any(
            _weight(rule, codes) is not None and matches_path(path, pattern)
            for pattern, codes in self.per_file.items()
        )

    def apply(self, found: Suppressed, path: str) -> list[Diagnostic]:
        """Keep what is reported, with the severity that it has here.

        An ignore comment is not unused for a rule that is not reported.
        """
        unused = (
            each.diagnostic
            for each in found.unused
            if each.rule is None or self.reports(each.rule, path)
        )
        return [
            self._weigh(each)
            for each in (*found.diagnostics, *unused)
            if self.reports(each.rule, path)
        ]

    def _weigh(self, diagnostic: Diagnostic) -> Diagnostic:
        if self.strict and diagnostic.rule.code in _STRICT:
            return replace(diagnostic, rule=replace(diagnostic.rule, severity=Severity.ERROR))
        return diagnostic


class CheckSettings(Struct, frozen=True):
    """Which rules are reported, and patterns of files that a folder does not stand for."""

    selection: Selection = Selection()
    exclude: tuple[str, ...] = ()

    def over(self, below: "CheckSettings") -> "CheckSettings":
        """Lay these settings over others."""
        return CheckSettings(self.selection.over(below.selection), (*below.exclude, *self.exclude))


def unknown_selector(selector: str) -> str | None:
    """Return what is wrong with a selector, or None if it selects something."""
    if any(_weight(rule, (selector,)) is not None for rule in RULES.values()):
        return None
    guess = nearest_rule(selector)
    return f"`{selector}` is no rule" + (f"; did you mean `{guess}`?" if guess else "")


_CODE = re.compile(r"BOT[-_ ]?([0-9OIL]*)", re.IGNORECASE)
_DIGITS = str.maketrans("OIL", "011")


def nearest_rule(word: str) -> str | None:
    """Return the code or name that a misspelt one stands for.

    Codes that differ in a digit have nothing to do with each other: of a code, only how it is
    written can be wrong.
    """
    written = _CODE.fullmatch(word)
    if written is not None:
        code = f"BOT{written[1].upper().translate(_DIGITS)}"
        return code if code in RULES else None
    return nearest(word, [rule.name for rule in RULES.values()])


def _weight(rule: Rule, selectors: Sequence[str]) -> int | None:
    """Return how narrowly the narrowest of some selectors means a rule; None if none does."""
    return max(_weights(rule, selectors), default=None)


def _weights(rule: Rule, selectors: Iterable[str]) -> Iterable[int]:
    for selector in selectors:
        if selector == ALL:
            yield 0
        elif selector == rule.name:
            yield len(rule.code)
        elif selector.startswith("BOT") and rule.code.startswith(selector):
            yield len(selector)
