"""From a located tree to the typed model of a narrative file: the top-level sections."""

from pathlib import PurePosixPath

from botticelli.compiler.narrative.acts import merge_acts, read_acts, read_scenes
from botticelli.compiler.narrative.fields import Fields
from botticelli.compiler.narrative.header import FileDefaults, read_narratives
from botticelli.compiler.narrative.model import Act, NarrativeFile
from botticelli.compiler.narrative.order import read_order
from botticelli.compiler.narrative.resources import (
    read_bot,
    read_character,
    read_medium,
    read_schema,
    read_table,
)
from botticelli.compiler.narrative.security import read_security, read_trigger
from botticelli.compiler.narrative.settings import read_carousel
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.syntax.nodes import Array, Document, Table

NARRATIVE_KEYS = frozenset({"narrative", "narratives", "toc", "acts", "act"})
_SECTIONS = (
    "narrative",
    "narratives",
    "toc",
    "acts",
    "act",
    "bots",
    "tables",
    "media",
    "schemas",
    "characters",
    "carousel",
    "security",
    "triggers",
)


def is_narrative(document: Document) -> bool:
    """Tell a narrative file from other TOML and YAML by its top-level keys."""
    return not NARRATIVE_KEYS.isdisjoint(document.root.entries)


def is_schema_file(document: Document) -> bool:
    """Tell a file that holds nothing but `schemas`, which belongs to the workspace as well."""
    keys = {key for key in document.root.entries if not key.startswith("x-")}
    return keys == {"schemas"}


def read_narrative_file(document: Document, reporter: Reporter) -> NarrativeFile:
    """Read all sections of a file and report what does not fit."""
    fields = Fields(document.root, reporter, "the file")
    fields.forgive(_SECTIONS)
    acts, scenes = _read_acts(fields)
    defaults = FileDefaults(
        name=PurePosixPath(document.source.path).stem,
        root=document.root,
        has_contents="toc" in fields,
        order=read_order(fields, scenes) if "toc" in fields else None,
        carousel=fields.read("carousel", read_carousel, "[carousel]"),
        scenes=scenes,
        unread_scenes=not scenes and _has_scenes(fields),
    )
    narratives, links = read_narratives(fields, defaults)
    file = NarrativeFile(
        document=document,
        narratives=narratives,
        links=links,
        acts=acts,
        scenes=scenes,
        bots=dict(fields.named("bots", read_bot, "bot")),
        tables=dict(fields.named("tables", read_table, "table")),
        media=dict(fields.named("media", read_medium, "media")),
        schemas=dict(fields.named("schemas", read_schema, "schema")),
        characters=dict(fields.named("characters", read_character, "character")),
        security=fields.read("security", read_security, "[security]"),
        triggers=tuple(fields.named("triggers", read_trigger, "trigger").values()),
        unread=frozenset(fields.unread),
    )
    fields.finish()
    return file


def _has_scenes(fields: Fields) -> bool:
    arrays = (fields.node(key) for key in ("act", "acts"))
    return any(isinstance(node, Array) and node.items for node in arrays)


def _read_acts(fields: Fields) -> tuple[dict[str, Act], tuple[Act, ...]]:
    named: dict[str, Act] = {}
    scenes: tuple[Act, ...] = ()
    node = fields.node("acts")
    if isinstance(node, Array):
        scenes = read_scenes(node, ("name", "act_name"), fields.reporter)
    elif isinstance(node, Table):
        named = read_acts(node, fields.reporter)
    elif node is not None:
        fields.wrong_type(node, "`acts`", "a table of acts")
        fields.unread.add(("acts", ""))
    node = fields.node("act")
    if isinstance(node, Array):
        scenes += read_scenes(node, ("act_name",), fields.reporter)
    elif node is not None:
        fields.wrong_type(node, "`act`", "an array of tables, `[[act]]`")
        fields.unread.add(("acts", ""))
    return merge_acts(named, scenes, fields.reporter), scenes
