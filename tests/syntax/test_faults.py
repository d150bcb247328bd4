"""What is said of broken files: every message, place, label and mend is reviewed as a whole."""

from pathlib import Path

import pytest

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.syntax.reader import read

BROKEN = Path(__file__).parent / "broken"


def shown(fault: Diagnostic) -> str:
    lines = [f"{fault.rule.code} {place(fault.location)} {fault.message}"]
    if fault.note:
        lines.append(f"  note: {fault.note}")
    lines += [f"  {place(label.location)} {label.message}" for label in fault.labels]
    if fault.help:
        lines.append(f"  help: {fault.help}")
    if fault.fix:
        kind = "safe" if fault.fix.safe else "unsafe"
        lines += [f"  {kind} fix: {place(e.location)} -> {e.text!r}" for e in fault.fix.edits]
    return "\n".join(lines)


def place(location: Location) -> str:
    source, span = location.source, location.span
    start, end = source.position(span.start), source.position(span.end)
    written = source.text[span.start : span.end]
    return f"{start.line}:{start.column}-{end.line}:{end.column} {written!r}"


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_broken_file(name: str, snapshot) -> None:
    document = read(name, (BROKEN / name).read_bytes())
    assert not document.intact
    assert "\n".join(shown(fault) for fault in document.faults) == snapshot


def is_about_other_things_than_line_ends(path: Path) -> bool:
    return b"\r" not in path.read_bytes() and not path.name.startswith("utf16")


@pytest.mark.parametrize(
    "name",
    sorted(path.name for path in BROKEN.iterdir() if is_about_other_things_than_line_ends(path)),
)
def test_windows_line_ends_change_no_message(name: str) -> None:
    data = (BROKEN / name).read_bytes()
    unix = read(name, data)
    windows = read(name, data.replace(b"\n", b"\r\n"))
    assert [fault.message for fault in unix.faults] == [fault.message for fault in windows.faults]
    assert lines(unix.faults) == lines(windows.faults)


def lines(faults: list[Diagnostic]) -> list[int]:
    return [f.location.source.position(f.location.span.start).line for f in faults]
