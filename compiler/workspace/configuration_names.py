"""The names in `botticelli.toml` that must be those of something: of platforms, drivers, tiers and
kinds of databases. A section for what does not exist would silently configure nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.narrative.fields import USER_KEY_PREFIX, Fields
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.renaming import renaming
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics import commands as registry
from botticelli.compiler.semantics.providers import DEFAULT_MODELS, Providers
from botticelli.compiler.syntax.faults import quoted
from botticelli.compiler.syntax.nodes import Node, Scalar, Table
from botticelli.grammar.catalogue import BAD_VALUE, UNKNOWN_KEY, Rule

DATABASES = ("sqlite", "postgresql", "postgres")
"""How the URL of a database begins, before a `+` with the name of a driver."""


def check_names(fields: Fields, providers: Mapping[str, Any]) -> None:
    """Report names of nothing. ``providers`` are all that are configured, by this file or by
    another."""
    root, reporter = fields.table, fields.reporter
    drivers = _Names("driver", DEFAULT_MODELS, reporter, group="botticelli.drivers")
    platforms = _Names("platform", registry.platforms(), reporter, group="botticelli.platforms")
    platforms.check_sections(root.entries.get("platforms"))
    drivers.check_sections(root.entries.get("drivers"))
    driver = _text(root, "defaults", "driver")
    if driver is not None:
        drivers.check(driver, driver.value.partition(":")[0])
    for section, key in (("drivers", "tier"), ("providers", "default_tier")):
        for name, table in _tables(root.entries.get(section)):
            tier, known = _text(table, key), Providers(providers).tiers(name)
            if tier is not None and known:
                _Names("tier", known, reporter, owner=name).check(tier, tier.value)
    url = _text(root, "database", "url")
    if url is not None and url.value.partition(":")[0].partition("+")[0].lower() not in DATABASES:
        reporter.report(
            BAD_VALUE,
            url.location,
            f"{quoted(url.value.partition(':')[0])} is no kind of database that can be used",
            note="neither SQLite nor PostgreSQL",
            help="write `sqlite:///FILE` or `postgresql://USER@HOST/NAME`",
        )


class _Names:
    """The names of one kind of thing; others are reported with the nearest of them.

    ``group``: the entry points that may add to them, which are looked at for a name that is not
    built in, since to look at all that is installed takes longer than to check a file.
    """

    def __init__(
        self,
        what: str,
        known: Iterable[str],
        reporter: Reporter,
        owner: str | None = None,
        group: str | None = None,
    ) -> None:
        self._what = what
        self._none = f"there is no {what}" if owner is None else f"{owner} has no {what}"
        self._known = sorted(known)
        self._reporter = reporter
        self._group = group

    def _knows(self, name: str) -> bool:
        if name in self._known:
            return True
        if self._group is not None:
            from importlib.metadata import entry_points

            installed = {entry.name for entry in entry_points(group=self._group)}
            self._known, self._group = sorted({*self._known, *installed}), None
        return name in self._known

    def check_sections(self, table: Node | None) -> None:
        for name, _ in _tables(table):
            if isinstance(table, Table) and not self._knows(name):
                self._report(UNKNOWN_KEY, name, table.key_location(name))

    def check(self, text: Text, name: str) -> None:
        """Check the name that a string begins with."""
        if not self._knows(name):
            self._report(BAD_VALUE, name, text.part(0, len(name)) if name else text.location)

    def _report(self, rule: Rule, name: str, location: Location) -> None:
        guess = nearest(name, self._known)
        self._reporter.report(
            rule,
            location,
            f"{self._none} {quoted(name)}",
            note=f"did you mean `{guess}`?" if guess else f"no {self._what} of this name",
            help=None if guess else f"there are {listing(self._known)}",
            fix=renaming(location, name, guess),
        )


def _tables(node: Node | None) -> Iterable[tuple[str, Table]]:
    for name, each in node.entries.items() if isinstance(node, Table) else ():
        if isinstance(each, Table) and not name.startswith(USER_KEY_PREFIX):
            yield name, each


def _text(root: Table, *keys: str) -> Text | None:
    node: Node | None = root
    for name in keys:
        node = node.entries.get(name) if isinstance(node, Table) else None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return Text(node.value, node)
    return None
