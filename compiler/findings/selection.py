"""Which rules are reported: selected, ignored, ignored in some files, made errors by `strict`."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.nearest import nearest
from botticelli.grammar.catalogue import RULES, UNKNOWN_MODEL, UNKNOWN_SCHEMA, Rule, Severity

ALL = "ALL"
_STRICT = frozenset({UNKNOWN_SCHEMA, UNKNOWN_MODEL})


class Selection(Struct, frozen=True, kw_only=True):
    """Codes, names or prefixes of codes (`BOT4`), as written; None selects everything.

    ``per_file`` maps patterns of paths relative to the project to what is ignored there.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    per_file: dict[str, tuple[str, ...]] = {}
    strict: bool = False

    def reports(self, rule: Rule, path: str) -> bool:
        """Tell whether a rule is reported for a file, by its path relative to the project."""
        if self.select is not None and not _matches(rule, self.select):
            return False
        if _matches(rule, self.ignore):
            return False
        return not any(
            _matches(rule, codes) and _path_matches(path, pattern)
            for pattern, codes in self.per_file.items()
        )

    def apply(self, diagnostics: Iterable[Diagnostic], path: str) -> list[Diagnostic]:
        """Keep what is reported, with the severity that it has here."""
        return [self._weigh(each) for each in diagnostics if self.reports(each.rule, path)]

    def _weigh(self, diagnostic: Diagnostic) -> Diagnostic:
        if self.strict and diagnostic.rule in _STRICT:
            return replace(diagnostic, rule=replace(diagnostic.rule, severity=Severity.ERROR))
        return diagnostic


def unknown_selector(selector: str) -> str | None:
    """Return what is wrong with a selector, or None if it selects something."""
    if selector == ALL or any(_matches(rule, (selector,)) for rule in RULES.values()):
        return None
    names = [*RULES, *(rule.name for rule in RULES.values())]
    guess = nearest(selector, names)
    return f"`{selector}` is no rule" + (f"; did you mean `{guess}`?" if guess else "")


def _matches(rule: Rule, selectors: Iterable[str]) -> bool:
    return any(
        selector in {ALL, rule.name}
        or (selector.startswith("BOT") and rule.code.startswith(selector))
        for selector in selectors
    )


def _path_matches(path: str, pattern: str) -> bool:
    """A pattern without a slash matches a file's name anywhere, one with a slash its path."""
    if "/" not in pattern:
        return fnmatchcase(path.rpartition("/")[2], pattern)
    return fnmatchcase(path, pattern.removeprefix("./"))
