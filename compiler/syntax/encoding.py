"""From bytes to text. Source files are UTF-8, with or without a byte-order mark."""

from botticelli.compiler.diagnostics import Diagnostic, Location
from botticelli.compiler.source import Source, Span
from botticelli.grammar.catalogue import SYNTAX_ERROR


def decode(path: str, data: bytes) -> tuple[Source, Diagnostic | None]:
    """Decode a file's bytes; the diagnostic says which byte is not UTF-8, where there is one.

    The text of a file that is not UTF-8 has U+FFFD where bytes could not be decoded, so that it
    can be shown; it is not to be read any further.
    """
    try:
        return Source(path, data.decode("utf-8")), None
    except UnicodeDecodeError as error:
        source = Source(path, data.decode("utf-8", errors="replace"))
        offset = len(data[: error.start].decode("utf-8")) - source.has_byte_order_mark
        diagnostic = Diagnostic(
            rule=SYNTAX_ERROR,
            message=f"the byte 0x{data[error.start]:02X} is not UTF-8",
            location=Location(source, Span(offset, offset + 1)),
            note="this byte",
            help=_help(data),
        )
        return source, diagnostic


def _help(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "the file begins like UTF-16: save it as UTF-8"
    return "save the file as UTF-8"
