"""Reading `[narrative]`, `[narrative.NAME]` and `[narratives.NAME]`: the narratives themselves."""

from collections.abc import Mapping

from msgspec import Struct

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.narrative.acts import read_acts
from botticelli.compiler.narrative.fields import USER_KEY_PREFIX, Fields, takes_array
from botticelli.compiler.narrative.located import Key, Name
from botticelli.compiler.narrative.model import (
    Act,
    Budget,
    Carousel,
    ContentStorage,
    Limits,
    Narrative,
    NarrativeLink,
    Order,
)
from botticelli.compiler.narrative.order import (
    order_of_scenes,
    read_order,
    report_missing_order,
)
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
    """What a file gives to those of its narratives that have none of their own.

    ``unread_scenes`` says that it has acts in an array, and that none of them could be read.
    """

    name: str
    root: Table
    has_contents: bool
    order: Order | None
    carousel: Carousel | None
    scenes: tuple[Act, ...]
    unread_scenes: bool

    @property
    def scene_order(self) -> Order | None:
        """The order of an `[[act]]` file's acts."""
        body = order_of_scenes(self.root, self.scenes)
        return Order(self.root, body) if body else None


def read_narratives(
    fields: Fields, defaults: FileDefaults
) -> tuple[tuple[Narrative, ...], dict[str, NarrativeLink]]:
    """Read every narrative of a file, and the names it gives to narratives elsewhere."""
    narratives: dict[str, Narrative] = {}
    links: dict[str, NarrativeLink] = {}
    node = fields.node("narrative")
    shared = _meant_for_several(node) if isinstance(node, Table) else []
    if isinstance(node, Table) and _is_single(node) and not shared:
        single = _read_single(Fields(node, fields.reporter, "[narrative]"), defaults)
        narratives[single.name] = single
    elif node is not None:
        _report_shared(node, shared, fields)
        several = fields.named(
            "narrative", lambda key, sub: _several(key, sub, defaults), "narrative", but=shared
        )
        narratives.update(several)
    older: Mapping[str, Narrative | NarrativeLink] = fields.named(
        "narratives", lambda key, sub: _older(key, sub, defaults), "narrative"
    )
    for name, found in older.items():
        if isinstance(found, NarrativeLink):
            links[name] = found
        else:
            _add(found, narratives, fields)
    if node is None and not narratives and _runs_by_itself(fields, links):
        narratives[defaults.name] = _read_headless(fields, defaults)
    return tuple(narratives.values()), links


def _runs_by_itself(fields: Fields, links: Mapping[str, NarrativeLink]) -> bool:
    """Whether a file without a narrative of its own holds one nevertheless, and does not merely
    name others."""
    if "narratives" in fields and not links:
        return False
    return any(key in fields for key in ("toc", "acts", "act"))


def _is_single(table: Table) -> bool:
    """One narrative, if any key of its own is there; else a table of several."""
    written = {key: node for key, node in table if not key.startswith(USER_KEY_PREFIX)}
    if not _KEYS.isdisjoint(written) or not written:
        return True
    return not all(isinstance(node, Table) for node in written.values())


def _meant_for_several(table: Table) -> list[str]:
    """The keys of a narrative that stand beside whole narratives, where nothing has them.

    They make one narrative of the table, by their names. But where all of them are tables, and
    others beside them have an order of their own, those are the narratives.
    """
    written = {key: node for key, node in table if not key.startswith(USER_KEY_PREFIX)}
    if not all(isinstance(node, Table) for node in written.values()):
        return []
    if not any(
        isinstance(node, Table) and "toc" in node.entries
        for key, node in written.items()
        if key not in _KEYS
    ):
        return []
    own = [key for key in written if key in _KEYS]
    return [] if "toc" in own or "acts" in own else own


def _report_shared(node: Node, keys: list[str], fields: Fields) -> None:
    for key in keys:
        assert isinstance(node, Table)
        Fields(node, fields.reporter, "[narrative]").misplaced(
            [key],
            f"give `{key}` to each narrative: `[narrative.NAME.{key}]`"
            + (", or to all of them: `[carousel]`" if key == "carousel" else ""),
        )


def _read_headless(fields: Fields, defaults: FileDefaults) -> Narrative:
    """A file without `[narrative]`: that of `[[act]]` is named after the file, others lack one.

    What lacks one is read all the same, for what else can be said of it.
    """
    is_array = isinstance(fields.node("act") or fields.node("acts"), Array)
    order = defaults.order or (None if "toc" in fields else defaults.scene_order)
    if not is_array and not defaults.scenes:
        fields.reporter.report(
            catalogue.MISSING_KEY,
            defaults.root.location,
            "the file has acts or an order, but no `[narrative]` with a name",
            note="`[narrative]` is missing",
            help='add `[narrative]` with `name = "…"` at the top',
        )
    elif order is None and "toc" not in fields and not defaults.unread_scenes:
        fields.reporter.report(
            catalogue.EMPTY_ORDER,
            defaults.root.location,
            "the file has no act that could run",
            note="nothing to run",
        )
    return Narrative(
        name=defaults.name,
        anchor=defaults.root,
        header=defaults.root,
        order=order,
        carousel=_short_carousel(order) or defaults.carousel,
    )


def _read_single(fields: Fields, defaults: FileDefaults) -> Narrative:
    fields.require("name", takes=None)
    name = fields.text("name")
    if name is not None and not name.value.strip():
        fields.bad_value(name.node, "the narrative's name is blank")
        name = None
    own, shared = fields.table, defaults.root
    if "toc" in own.entries and "toc" in shared.entries:
        places = (own.key_location("toc"), shared.key_location("toc"))
        first, second = sorted(places, key=lambda place: place.span)
        fields.reporter.report(
            catalogue.CONFLICTING_KEYS,
            second,
            "the narrative has two tables of contents: its own and the file's",
            note="this one as well",
            labels=[Label("the other stands here", first)],
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
    if "narrative" not in fields or "toc" in fields or "acts" in fields:
        return _several(key, fields, defaults)
    target = fields.text("narrative")
    return NarrativeLink(key, target) if target else None


def _add(narrative: Narrative, narratives: dict[str, Narrative], fields: Fields) -> None:
    twin = narratives.setdefault(narrative.name, narrative)
    if twin is narrative:
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
    if "toc" in fields:
        order = read_order(fields, defaults.scenes)
    elif defaults.has_contents:
        order = defaults.order
    else:
        order = defaults.scene_order
        if order is None and not defaults.unread_scenes:
            message = f"narrative `{text}` has no table of contents"
            fields.expect(("toc",), lambda: report_missing_order(fields, message), takes_array)
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
            fields.wrong_type(item, f"`{key}`", "a single value")
        if not wrong:
            found[key] = node
    return found
