"""BOT607: keys that stand in a file. They are reported, and shown nowhere."""

from collections.abc import Iterator

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.narrative.model import TextInput
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.rules.mentions import strings
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.secrets import Secret, find_secrets
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue


def check_secrets(subject: Subject) -> None:
    """Check a file, and the prompts of its acts that stand in files of their own."""
    report_keys(subject.unit.document.root, subject.reporter)
    for act in acts_of_file(subject.file):
        for item in act.inputs:
            if isinstance(item, TextInput) and item.content is not None:
                report_keys(item.content.node, subject.reporter)


def report_keys(root: Node, reporter: Reporter) -> None:
    """Report every literal, key or value, that has the form of a known kind of key."""
    if not _may_hold_one(root):
        return
    for secret, location in _secrets_in(root):
        reporter.report(
            catalogue.HARD_CODED_SECRET,
            location,
            f"{secret.kind} stands in this file",
            note="whoever can read the file has it",
            help="revoke it, and read the new one from the environment: `${env:NAME}` in "
            "arguments; drivers and platforms find theirs there by themselves",
        )


def _may_hold_one(root: Node) -> bool:
    """Escapes can hide a key from a look at the text; where there are none, that look tells."""
    source = root.document.source
    if source.has_keys:
        return True
    return "\\" in source.text and bool(find_secrets("\n".join(strings(root))))


def _secrets_in(root: Node) -> Iterator[tuple[Secret, Location]]:
    waiting = [root]
    while waiting:
        match waiting.pop():
            case Table() as table:
                for key, node in table:
                    yield from _in_key(key, table)
                    waiting.append(node)
            case Array(items=items):
                waiting.extend(items)
            case Scalar(value=str(text)) as scalar:
                for secret in find_secrets(text):
                    hidden = scalar.locate(secret.hidden, secret.end)
                    hidden.source.hide(hidden.span, text[secret.hidden : secret.end].strip())
                    yield secret, scalar.locate(secret.start, secret.end)


def _in_key(key: str, table: Table) -> Iterator[tuple[Secret, Location]]:
    for secret in find_secrets(key):
        location = table.key_location(key)
        location.source.hide(location.span, key[secret.hidden : secret.end].strip())
        yield secret, location
