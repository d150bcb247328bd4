"""Checking small projects that are written down in a test."""

from pathlib import Path

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.diagnostics import Diagnostic, Location

SEND = """
[bots.post]
platform = "discord"
command = "messages.send"
channel_id = "1"
content = "{content}"
"""
ALLOWED = """
[security.policy]
allowed_commands = ["messages.send"]
"""


def check(folder: Path, files: dict[str, str], family: str = "BOT6") -> list[Diagnostic]:
    """Write files, check their folder, and return what one family of rules finds."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return [d for d in check_paths([folder]).diagnostics if d.rule.code.startswith(family)]


def described(diagnostics: list[Diagnostic]) -> list[str]:
    """Say of each what it is about: the code, the line, and exactly what is marked there."""
    return [f"{each.rule.code} {marked(each.location)}" for each in diagnostics]


def marked(location: Location) -> str:
    source, span = location.source, location.span
    return f"{source.position(span.start).line}: {source.text[span.start : span.end]}"


def narrative(order: str, acts: str, *sections: str) -> str:
    """Write a narrative with this order and these acts, and further sections."""
    head = f'[narrative]\nname = "main"\ntoc = [{order}]\n\n[acts]\n{acts}\n'
    return head + "".join(sections)
