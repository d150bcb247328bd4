"""The section `[check]` of `botticelli.toml`: what the checker reports."""

from collections.abc import Iterator
from pathlib import Path

from botticelli.compiler.findings.selection import CheckSettings, Selection, unknown_selector
from botticelli.compiler.narrative.fields import Fields
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.syntax.nodes import Array
from botticelli.compiler.workspace.discovery import CONFIGURATION, user_configuration
from botticelli.compiler.workspace.documents import read_document
from botticelli.compiler.workspace.files import CONTENT, Files


def check_settings_of(project: Path, files: Files) -> CheckSettings:
    """Return the settings that hold in a project; what is wrong in them is reported elsewhere."""
    settings = CheckSettings()
    for path in (user_configuration(), project / CONFIGURATION):
        if files.is_file(path):
            files.note([(CONTENT, str(path))])
            fields = Fields(read_document(path, files).root, Reporter(), CONFIGURATION)
            section = fields.read("check", read_check_settings, "[check]")
            settings = section.over(settings) if section is not None else settings
    return settings


def read_check_settings(fields: Fields) -> CheckSettings:
    """Read the section; a selector that selects nothing is BOT107, and left out."""
    selected = fields.texts("select")
    strict = fields.boolean("strict")
    return CheckSettings(
        Selection(
            select=None if selected is None else _selectors(selected, fields),
            ignore=_selectors(fields.texts("ignore") or (), fields),
            per_file=dict(_per_file(fields)),
            strict=strict is not None and strict.value,
        ),
        tuple(text.value for text in fields.texts("exclude") or ()),
    )


def _per_file(fields: Fields) -> Iterator[tuple[str, tuple[str, ...]]]:
    table = fields.sub("per-file-ignores", "`per-file-ignores`")
    if table is None:
        return
    for pattern, node in table.table:
        if not isinstance(node, Array):
            table.wrong_type(node, f"`{pattern}`", "an array of rules")
            continue
        texts = (table.as_text(item, "a rule") for item in node.items)
        yield pattern, _selectors([text for text in texts if text is not None], table)


def _selectors(texts: tuple[Text, ...] | list[Text], fields: Fields) -> tuple[str, ...]:
    known = []
    for text in texts:
        fault = unknown_selector(text.value)
        if fault is None:
            known.append(text.value)
        else:
            head, _, guess = fault.partition("; ")
            fields.bad_value(text.node, head, note=guess)
    return tuple(known)
