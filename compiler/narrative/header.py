"""Reading `[narrative]`, `[narrative.NAME]` and `[narratives.NAME]`: the narratives themselves."""

from collections.abc import Mapping

from msgspec import Struct

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.narrative.acts import read_acts
from botticelli.compiler.narrative.fields import USER_KEY_PREFIX, Fields
from botticelli.compiler.narrative.located import Key, Name
from botticelli.compiler.narrative.model import (
    Act,
    ActStep,
    Budget,
    Carousel,
    ContentStorage,
    Limits,
    Narrative,
    NarrativeLink,
    Order,
    SequenceStep,
)
from botticelli.compiler.narrative.order import read_order
from botticelli.compiler.narrative.security import read_security
from botticelli.compiler.narrative.settings import (
    read_budget,
    read_carousel,
    read_conduct,
    read_limits,
)
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue

_METADATA = ("description", "title", "author", "version", "tags")
_KEYS = frozenset(
    {
        "name",
        *_METADATA,
        "toc",
        "acts",
        "carousel",
        "budget",
        "model",
        "temperature",
        "max_tokens",
        "template",
        "target",
        "skip_content_generation",
        "preserve_source",
        "retry",
        "timeout",
        "security",
        "limits",
        "top_p",
        "seed",
        "stop",
        "thinking",
    }
)


class FileDefaults(Struct, frozen=True):
    """What a file gives to those of its narratives that have none of their own."""

    name: str
    root: Table
    order: Order | None
    carousel: Carousel | None
    scenes: tuple[Act, ...]

    @property
    def scene_order(self) -> Order | None:
        """The order of an `[[act]]` file's acts."""
        if not self.scenes:
            return None
        node = self.scenes[0].node
        return Order(node, SequenceStep(node, tuple(ActStep(act.name) for act in self.scenes)))


def read_narratives(
    fields: Fields, defaults: FileDefaults
) -> tuple[tuple[Narrative, ...], dict[str, NarrativeLink]]:
    """Read every narrative of a file, and the names it gives to narratives elsewhere."""
    narratives: list[Narrative] = []
    links: dict[str, NarrativeLink] = {}
    node = fields.node("narrative")
    if isinstance(node, Table) and _is_single(node):
        narratives.append(_read_single(Fields(node, fields.reporter, "[narrative]"), defaults))
    elif node is not None:
        several = fields.named(
            "narrative", lambda key, sub: _several(key, sub, defaults), "narrative"
        )
        narratives.extend(several.values())
    older: Mapping[str, Narrative | NarrativeLink] = fields.named(
        "narratives", lambda key, sub: _older(key, sub, defaults), "narrative"
    )
    for name, found in older.items():
        if isinstance(found, NarrativeLink):
            links[name] = found
        else:
            _add(found, narratives, fields)
    if node is None and "narratives" not in fields:
        _read_headless(fields, defaults, narratives)
    return tuple(narratives), links


def _is_single(table: Table) -> bool:
    """One narrative, if any key of its own is there; else a table of several."""
    if not _KEYS.isdisjoint(table.entries) or not table.entries:
        return True
    return not all(isinstance(node, Table) for _, node in table)


def _read_headless(fields: Fields, defaults: FileDefaults, narratives: list[Narrative]) -> None:
    """A file without `[narrative]`: that of `[[act]]` is named after the file, others lack one."""
    if not defaults.scenes:
        acts_are_scenes = isinstance(fields.table.entries.get("acts"), Array)
        if "act" not in fields and not acts_are_scenes:
            fields.reporter.report(
                catalogue.MISSING_KEY,
                defaults.root.location,
                "the file has acts or an order, but no `[narrative]` with a name",
                note="`[narrative]` is missing",
                help='add `[narrative]` with `name = "…"` at the top',
            )
        return
    narratives.append(
        Narrative(
            name=defaults.name,
            anchor=defaults.root,
            header=defaults.root,
            order=defaults.order or defaults.scene_order,
            carousel=defaults.carousel or _short_carousel(defaults.order),
        )
    )


def _read_single(fields: Fields, defaults: FileDefaults) -> Narrative:
    fields.require("name")
    name = fields.text("name")
    if name is not None and not name.value.strip():
        fields.bad_value(name.node, "the narrative's name is blank")
        name = None
    own, shared = fields.table.entries.get("toc"), defaults.order
    if own is not None and shared is not None:
        fields.reporter.report(
            catalogue.CONFLICTING_KEYS,
            fields.table.key_location("toc"),
            "the narrative has two tables of contents: its own and the file's",
            note="this one is used",
            help="keep one of the two",
        )
    narrative = _read_narrative(
        name or fields.table, name.value if name else defaults.name, fields, defaults
    )
    fields.finish()
    return narrative


def _several(key: Key, fields: Fields, defaults: FileDefaults) -> Narrative:
    fields.text("name")
    return _read_narrative(key, key.value, fields, defaults)


def _older(key: Key, fields: Fields, defaults: FileDefaults) -> Narrative | NarrativeLink | None:
    written = [name for name in fields.table.entries if not name.startswith(USER_KEY_PREFIX)]
    if written != ["narrative"]:
        return _several(key, fields, defaults)
    target = fields.text("narrative")
    return NarrativeLink(key, target) if target else None


def _add(narrative: Narrative, narratives: list[Narrative], fields: Fields) -> None:
    twin = next((other for other in narratives if other.name == narrative.name), None)
    if twin is None:
        narratives.append(narrative)
        return
    fields.reporter.report(
        catalogue.DUPLICATE_KEY,
        narrative.anchor.location,
        f"narrative `{narrative.name}` is defined twice in this file",
        note="defined again here",
        labels=[Label("first defined here", twin.anchor.location)],
    )


def _read_narrative(
    anchor: Name | Table, text: str, fields: Fields, defaults: FileDefaults
) -> Narrative:
    acts_node = fields.node("acts")
    acts: dict[str, Act] = {}
    if isinstance(acts_node, Table):
        acts = read_acts(acts_node, fields.reporter)
    elif acts_node is not None:
        fields.wrong_type(acts_node, "`acts` of a narrative", "a table of acts")
    own_order = read_order(fields, "toc") if fields.node("toc") else None
    has_order = "toc" in fields or defaults.order or "toc" in fields.table.document.root.entries
    order = own_order or defaults.order or (None if has_order else defaults.scene_order)
    if not has_order and order is None:
        fields.reporter.report(
            catalogue.MISSING_ORDER,
            fields.table.location,
            f"narrative `{text}` has no table of contents",
            note="nothing says which acts run",
            help='add `[toc]` with `order = ["…"]`',
        )
    carousel = fields.read("carousel", read_carousel, f"the carousel of `{text}`")
    return Narrative(
        name=text,
        anchor=anchor,
        header=fields.table,
        metadata=_read_metadata(fields),
        acts=acts,
        order=order,
        carousel=carousel or _short_carousel(order) or defaults.carousel,
        conduct=read_conduct(fields),
        budget=fields.read("budget", read_budget) or Budget(),
        limits=fields.read("limits", read_limits) or Limits(),
        storage=ContentStorage(
            target=fields.text("target"),
            template=fields.text("template"),
            skip=fields.boolean("skip_content_generation"),
            preserve_source=fields.boolean("preserve_source"),
        ),
        security=fields.read("security", read_security),
    )


def _short_carousel(order: Order | None) -> Carousel | None:
    return order.carousel if order else None


def _read_metadata(fields: Fields) -> dict[str, Node]:
    """Metadata take any scalar; `tags` an array of them as well."""
    found = {}
    for key in _METADATA:
        node = fields.node(key)
        if node is None:
            continue
        items = node.items if isinstance(node, Array) and key == "tags" else [node]
        wrong = [item for item in items if not isinstance(item, Scalar)]
        for item in wrong:
            fields.wrong_type(item, f"`{key}`", "a value")
        if not wrong:
            found[key] = node
    return found
