"""A fault in a string of a file is shown where its characters stand in the file."""

import pytest

from botticelli.compiler.diagnostics import Diagnostic
from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.source import Source
from botticelli.compiler.syntax.nodes import Scalar
from botticelli.compiler.syntax.reader import read_text

FILES = {
    "basic.toml": 'where = "a = \\"x\\" and\\tb == 3"\n',
    "lines.toml": 'where = """\na = 1\n  and b == 3"""\n',
    "literal.toml": "where = '''a = 1 and b == 3'''\n",
    "plain.yaml": "where: a = 1 and b == 3\n",
    "folded.yaml": "where: >\n  a = 1\n  and b == 3\n",
    "block.yaml": "where: |\n  a = 1\n  and b == 3\n",
}


@pytest.mark.parametrize("name", FILES)
def test_the_place_in_the_file_is_exact(name: str) -> None:
    text = FILES[name]
    (diagnostic,) = diagnose(name, text)
    span = diagnostic.location.span
    assert text[span.start : span.end] == "=="
    assert diagnostic.fix is not None
    (edit,) = diagnostic.fix.edits
    mended = text[: edit.location.span.start] + edit.text + text[edit.location.span.end :]
    assert mended == text.replace("==", "=")
    assert diagnose(name, mended) == []


def diagnose(name: str, text: str) -> list[Diagnostic]:
    where = read_text(Source(name, text)).root.entries["where"]
    assert isinstance(where, Scalar)
    assert isinstance(where.value, str)
    return [to_diagnostic(fault, where) for fault in parse_filter(where.value).faults]
