"""Bytes become text: UTF-8 with or without a mark, and which byte is not."""

import pytest

from botticelli.compiler.source import Position
from botticelli.compiler.syntax.encoding import decode
from botticelli.compiler.syntax.reader import read


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b"\xff", Position(1, 1, 0)),
        (b"a = 1\nb = '\xe9'", Position(2, 6, 11)),
        ("é = '😀".encode() + b"\x80", Position(1, 7, 10)),
        (b"\xef\xbb\xbfa\xc3", Position(1, 2, 4)),
        (b"a\xed\xa0\x80", Position(1, 2, 1)),
        (b"a\xc0\x80", Position(1, 2, 1)),
        (b"a\r\n\xf4\x90\x80\x80", Position(2, 1, 3)),
    ],
)
def test_the_first_bad_byte_is_shown(data: bytes, position: Position) -> None:
    source, fault = decode("a.toml", data)
    assert fault is not None
    assert fault.rule.code == "BOT101"
    assert source.position(fault.location.span.start) == position
    assert f"0x{data[position.offset]:02X}" in fault.message
    assert not read("a.toml", data).intact


@pytest.mark.parametrize("path", ["a.toml", "a.yaml"])
def test_a_mark_is_no_part_of_the_text(path: str) -> None:
    text = "a = 1" if path == "a.toml" else "a: 1"
    document = read(path, b"\xef\xbb\xbf" + text.encode())
    assert document.faults == []
    span = document.root.key_location("a").span
    assert document.source.position(span.start) == Position(1, 1, 3)
