"""Reading a file of a project into a document, whatever is wrong with it."""

from pathlib import Path

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Document
from botticelli.compiler.syntax.reader import read
from botticelli.compiler.workspace.discovery import display_path
from botticelli.compiler.workspace.files import Files
from botticelli.grammar import catalogue


def read_document(path: Path, files: Files) -> Document:
    """Read the file at an absolute path. One that cannot be read is an empty one with a fault.

    To note the look is left to the caller, who may have looked at more than this file.
    """
    shown = display_path(path)
    try:
        return read(shown, files.content(path))
    except OSError as error:
        document = Document(Source(shown, ""))
        document.intact = False
        document.faults.append(
            Diagnostic(
                rule=catalogue.SYNTAX_ERROR,
                message=f"the file cannot be read: {error.strerror or error}",
                location=Location(document.source, Span(0, 0)),
            )
        )
        return document
