"""Kinds of media by MIME type and by name: image, audio, video, document."""

from pathlib import PurePosixPath

MEDIA_KINDS = ("image", "audio", "video", "document")

MIME_BY_SUFFIX = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
    "tiff": "image/tiff",
    "tif": "image/tiff",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mov": "video/quicktime",
    "avi": "video/x-msvideo",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "wmv": "video/x-ms-wmv",
    "flv": "video/x-flv",
    "3gp": "video/3gpp",
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rtf": "application/rtf",
    "csv": "text/csv",
    "html": "text/html",
    "htm": "text/html",
    "xml": "text/xml",
    "txt": "text/plain",
    "md": "text/markdown",
    "json": "application/json",
}


def name_in(source: str) -> str:
    """Return the name of a file that a path or an address leads to."""
    return PurePosixPath(source.partition("?")[0].partition("#")[0]).name


def mime_of(name: str) -> str | None:
    """Return the MIME type that a file's name tells, if it does."""
    return MIME_BY_SUFFIX.get(name.rpartition(".")[2].lower()) if "." in name else None


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)


def sniffed(data: bytes) -> str | None:
    """Return the MIME type that the first bytes of a file tell, if they do."""
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return "video/mp4"
    return next((mime for start, mime in _SIGNATURES if data.startswith(start)), None)


def media_kind(mime: str | None, *names: str) -> str | None:
    """Return `image`, `audio`, `video` or `document`, by MIME type or else by the first name."""
    for candidate in (mime, *map(mime_of, names)):
        if candidate:
            family = candidate.partition("/")[0].strip().lower()
            return family if family in {"image", "audio", "video"} else "document"
    return None


_FAMILIES: tuple[tuple[str, frozenset[str], int], ...] = (
    ("gpt-4o-audio", frozenset({"audio"}), 50_000_000),
    ("gpt-audio", frozenset({"audio"}), 50_000_000),
    ("gpt-3.5", frozenset(), 50_000_000),
    ("o1-mini", frozenset(), 50_000_000),
    ("o3-mini", frozenset(), 50_000_000),
    ("gemini", frozenset({"image", "audio", "video", "document"}), 20_000_000),
    ("claude", frozenset({"image", "document"}), 32_000_000),
    ("gpt-", frozenset({"image", "document"}), 50_000_000),
    ("o1", frozenset({"image", "document"}), 50_000_000),
    ("o3", frozenset({"image", "document"}), 50_000_000),
    ("o4", frozenset({"image", "document"}), 50_000_000),
)


def taken_kinds(model: str) -> frozenset[str] | None:
    """Return the kinds of media that a model's family takes, or None for an unknown family.

    After the providers' documentation of November 2026.
    """
    family = _family(model)
    return family[1] if family else None


def inline_limit(model: str) -> int | None:
    """Return the bytes that a model's provider takes within one request, or None if unknown.

    After the providers' documentation of November 2026.
    """
    family = _family(model)
    return family[2] if family else None


def _family(model: str) -> tuple[str, frozenset[str], int] | None:
    name = model.rpartition("/")[2]
    return next((family for family in _FAMILIES if name.startswith(family[0])), None)
