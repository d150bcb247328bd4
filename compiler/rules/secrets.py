"""BOT607: keys that stand in a file. They are reported, and shown nowhere."""

from collections.abc import Iterator

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.rules.mentions import strings
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.secrets import Secret, find_secrets
from botticelli.compiler.syntax.nodes import Array, Document, Node, Scalar, Table
from botticelli.grammar import catalogue


def check_secrets(subject: Subject) -> None:
    """Report every literal, key or value, that has the form of a known kind of key."""
    document = subject.unit.document
    if not _may_hold_one(document):
        return
    for secret, location in _secrets_of(document):
        subject.reporter.report(
            catalogue.HARD_CODED_SECRET,
            location,
            f"{secret.kind} stands in this file",
            note="whoever can read the file has it",
            help="revoke it, and read the new one from the environment: `${env:NAME}` in "
            "arguments; drivers and platforms find theirs there by themselves",
        )


def _may_hold_one(document: Document) -> bool:
    """Escapes can hide a key from a look at the text; where there are none, that look tells."""
    source = document.source
    if source.secrets:
        return True
    return "\\" in source.text and bool(find_secrets("\n".join(strings(document.root))))


def _secrets_of(document: Document) -> Iterator[tuple[Secret, Location]]:
    waiting: list[Node] = [document.root]
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
                    location = scalar.locate(secret.start, secret.end)
                    _hide(
                        text[secret.hidden : secret.end], scalar.locate(secret.hidden, secret.end)
                    )
                    yield secret, location


def _in_key(key: str, table: Table) -> Iterator[tuple[Secret, Location]]:
    for secret in find_secrets(key):
        location = table.key_location(key)
        _hide(key[secret.hidden : secret.end], location)
        yield secret, location


def _hide(value: str, location: Location) -> None:
    """Hide a key that does not stand in the text as it is."""
    source = location.source
    if value.strip() not in source.secrets:
        source.hide(location.span, value.strip())
