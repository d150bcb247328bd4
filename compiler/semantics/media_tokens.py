"""What media take in tokens, by the rules of the provider and by what is known of each.

A provider counts an image by its size in pixels or up to some number, sound and film by the second,
documents by the page. How long a recording is and how many pages a document has is not looked up:
it follows from the bytes, as a second and a page take at least so many of them.
"""

import math
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

Pixels = tuple[int, int]
"""Width and height."""

LEAST_BYTES_OF_SECOND = {"audio": 500, "video": 2_000}
"""Bytes that a second takes at least: 4 kbit of sound, 16 kbit of film."""
LEAST_BYTES_OF_PAGE = 200

_USUAL_BYTES_OF_SECOND = {"audio": 16_000, "video": 125_000}
_USUAL_BYTES_OF_PAGE = 50_000

EXPECTED = {"image": 1_100, "audio": 500, "video": 3_000, "document": 2_500}
"""Tokens that are expected of a medium of which nothing is known."""

GROWTH = 11
"""Tokens that a byte of a document that is text takes at most, whatever is done to it before."""


class MediaRules(Struct, frozen=True, kw_only=True):
    """What a model counts; None is not known.

    `image` is the most tokens of any image. Where images are cut into tiles instead, `tile_tokens`
    is what each of these takes, and its side lies between `least_tile` and `tile` pixels. `second`
    of sound and film, and `page`, are tokens at most; `max_pages` is how many pages are taken.
    """

    image: int | None = None
    tile: int | None = None
    least_tile: int | None = None
    tile_tokens: int | None = None
    audio_second: int | None = None
    video_second: int | None = None
    page: int | None = None
    max_pages: int | None = None


class Medium(Struct, frozen=True, kw_only=True):
    """What is known of one medium: its kind, its bytes, an image's pixels, its MIME type."""

    kind: str
    size: int | None = None
    pixels: Pixels | None = None
    mime: str | None = None


def rules_of(found: Mapping[str, Any]) -> MediaRules:
    """Return the rules that providers' data gives."""
    return MediaRules(**{name: found.get(name) for name in MediaRules.__struct_fields__})


def tokens_of(medium: Medium, rules: MediaRules) -> tuple[int, int | None]:
    """Return the tokens that are expected of a medium, and the most; None where nothing tells."""
    most = _most(medium, rules)
    expected = _expected(medium, rules)
    return (expected if most is None else min(expected, most)), most


def _most(medium: Medium, rules: MediaRules) -> int | None:
    match medium.kind:
        case "image":
            return rules.image if rules.tile is None else _tiles(medium.pixels, rules)
        case "audio" | "video":
            second = _second(medium.kind, rules)
            if second is None or medium.size is None:
                return None
            return second * (medium.size // LEAST_BYTES_OF_SECOND[medium.kind] + 1)
    if medium.mime is not None and medium.mime.startswith("text/"):
        return None if medium.size is None else GROWTH * medium.size
    if rules.page is None:
        return None
    pages = None if medium.size is None else medium.size // LEAST_BYTES_OF_PAGE + 1
    known = [each for each in (pages, rules.max_pages) if each is not None]
    return rules.page * min(known) if known else None


def _expected(medium: Medium, rules: MediaRules) -> int:
    usual = EXPECTED.get(medium.kind, 0)
    if medium.size is None or medium.kind == "image":
        return usual
    second = _second(medium.kind, rules)
    if second is not None:
        return max(second, second * medium.size // _USUAL_BYTES_OF_SECOND[medium.kind])
    if medium.mime is not None and medium.mime.startswith("text/"):
        return medium.size // 4
    return max(usual, (rules.page or usual) * medium.size // _USUAL_BYTES_OF_PAGE)


def _second(kind: str, rules: MediaRules) -> int | None:
    return {"audio": rules.audio_second, "video": rules.video_second}.get(kind)


def _tiles(pixels: Pixels | None, rules: MediaRules) -> int | None:
    """The tokens of an image that is cut into tiles, whose side is two thirds of its shorter one
    within bounds."""
    if pixels is None or rules.tile is None or rules.tile_tokens is None:
        return None
    side = min(rules.tile, max(rules.least_tile or rules.tile, int(min(pixels) / 1.5)))
    return rules.tile_tokens * math.ceil(pixels[0] / side) * math.ceil(pixels[1] / side)


def pixels_of(data: bytes) -> Pixels | None:
    """Return the width and height that the first bytes of an image tell, None where they do not."""
    from io import BytesIO

    import imagesize

    try:
        width, height = imagesize.get(BytesIO(data))
    except Exception:  # noqa: BLE001 - the library names no errors of its own
        return None
    return (width, height) if width > 0 and height > 0 else None
