"""From bytes to a located tree, whichever of the two syntaxes a file is written in."""

from pathlib import PurePosixPath

from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Document, Place

SUFFIXES = (".toml", ".yaml", ".yml")


def read(path: str, data: bytes) -> Document:
    """Read a file's bytes as TOML or YAML by the suffix of ``path``.

    Never raises for what is in the file: what cannot be read stands in ``Document.faults``.
    """
    from botticelli.compiler.syntax.encoding import decode

    source, fault = decode(path, data)
    if fault is not None:
        document = Document(source, lambda: Place(Span(0, 0)))
        document.faults.append(fault)
        document.intact = False
        return document
    return read_text(source)


def read_text(source: Source) -> Document:
    """Read decoded text as TOML or YAML by the suffix of its path."""
    if PurePosixPath(source.path).suffix == ".toml":
        from botticelli.compiler.syntax.toml import read_toml

        return read_toml(source)
    from botticelli.compiler.syntax.yaml import read_yaml

    return read_yaml(source)
