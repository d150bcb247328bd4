"""Faults as text: the string, and under it what each fault says of which characters."""

from collections.abc import Iterable

from botticelli.compiler.faults import Fault


def underlined(text: str, faults: Iterable[Fault]) -> str:
    """Return a text of one line with its faults, each under the characters that it is about."""
    lines = [text]
    for fault in faults:
        lines.append(" " * fault.start + "^" * max(1, fault.end - fault.start))
        lines.append(f"    {fault.rule.code} {fault.message}")
        if fault.note:
            lines.append(f"    note: {fault.note}")
        lines += [
            f"    there: {text[mark.start : mark.end]!r}: {mark.message}" for mark in fault.marks
        ]
        if fault.help:
            lines.append(f"    help: {fault.help}")
        if fault.edits:
            kind = "fix" if fault.safe else "unsafe fix"
            lines.append(f"    {kind}: {mended(text, fault)}")
    return "\n".join(lines)


def mended(text: str, fault: Fault) -> str:
    """Return the text with a fault's edits applied."""
    for edit in sorted(fault.edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
