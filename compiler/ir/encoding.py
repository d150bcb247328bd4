"""The IR as bytes: JSON, two-space indented, one program a file."""

import msgspec

from botticelli.compiler.ir.program import VERSION, Program


class IncompatibleProgramError(Exception):
    """The bytes are no program that this version can run; the message says why."""


class _Header(msgspec.Struct):
    botticelli: str
    version: int
    compiler: str = "unknown"


def encode(program: Program) -> bytes:
    """Encode a program; the same program gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(program), indent=2) + b"\n"


def decode(data: bytes) -> Program:
    """Decode what ``encode`` wrote.

    Raises IncompatibleProgramError for anything else, naming the version or the field at fault.
    """
    try:
        header = msgspec.json.decode(data, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IncompatibleProgramError(f"not a compiled narrative: {error}") from error
    if header.botticelli != "program":
        raise IncompatibleProgramError(f"a botticelli {header.botticelli!r} file is not a program")
    if header.version != VERSION:
        raise IncompatibleProgramError(
            f"the file has IR version {header.version} (written by {header.compiler}), "
            f"this Botticelli runs version {VERSION}; compile it again"
        )
    try:
        return msgspec.json.decode(data, type=Program)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IncompatibleProgramError(f"the compiled narrative is damaged: {error}") from error


def is_program(data: bytes) -> bool:
    """Tell a compiled file from a source by its first bytes."""
    return data.lstrip()[:1] == b"{" and b'"botticelli"' in data[:200]
