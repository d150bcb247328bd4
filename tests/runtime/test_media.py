"""Media inputs: read when needed, within the project and within limits, and sent as drivers can."""

import asyncio
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from programs import PLACE, Performance, act, narrative, perform, program, template
from servers import openai, web
from servers.gemini import KEY, GeminiServer

from botticelli.compiler.ir.program import Caps, ContentRules, MediaInput, Program, Security
from botticelli.compiler.semantics.configuration import (
    Configuration,
    MediaConfiguration,
    PlatformConfiguration,
)
from botticelli.runtime.address import Address
from botticelli.runtime.drivers.protocol import USER, Capabilities, MediaPart, Message, ModelRequest
from botticelli.runtime.effects import MediaFound, ReadMedia
from botticelli.runtime.events import RunFinished
from botticelli.runtime.problems import SetupError
from botticelli.runtime.shell.clock import RealClock
from botticelli.runtime.shell.media import MediaError, MediaReader

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def site() -> Iterator[web.Site]:
    with web.serving() as running:
        yield running


@pytest.fixture
def chat() -> Iterator[openai.OpenAIServer]:
    with openai.serving() as server:
        yield server
        assert server.complaints == []


def medium(kind: str = "image", **more: Any) -> MediaInput:
    for name in ("file", "url"):
        if name in more:
            more[name] = template(more[name])
    return MediaInput(kind=kind, place=more.pop("place", PLACE), **more)


def shown(*inputs: MediaInput | str, then: str | None = None, **more: Any) -> Program:
    acts = [act("a", *inputs, "What is it?")]
    return program(narrative(*acts, *([act("b", then)] if then else []), **more))


def ask(made: Program, server: GeminiServer, project: Path, **configured: Any) -> Performance:
    return perform(
        made,
        project,
        "gemini",
        clock=RealClock(),
        environment={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": server.address},
        configuration=Configuration(project=str(project), **configured),
    )


def failure(made: Program, project: Path, **configured: Any) -> str:
    run = perform(
        made,
        project,
        clock=RealClock(),
        configuration=Configuration(project=str(project), **configured),
    )
    assert run.report.status == "failed"
    return run.report.message or ""


def parts(server: GeminiServer, request: int = 0, turn: int = 0) -> list[Any]:
    found: list[Any] = server.received[request].body["contents"][turn]["parts"]
    return found


# Files


def test_a_file_is_read_beside_its_narrative_and_sent(gemini: GeminiServer, tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "a.png").write_bytes(PNG)
    place = replace(PLACE, path="deep/a.toml")
    run = ask(shown(medium(file="{{ 'a' }}.png", place=place)), gemini, tmp_path)
    assert run.report.status == "completed", run.report.message
    sent, text = parts(gemini)
    assert text == {"text": "What is it?"}
    assert sent["inlineData"]["mimeType"] == "image/png"
    assert urlsafe_b64decode(sent["inlineData"]["data"]) == PNG


@pytest.mark.parametrize(
    ("name", "more", "mime"),
    [
        ("a.jpeg", {}, "image/jpeg"),
        ("a", {}, "image/png"),
        ("a.bin", {"filename": "b.webp"}, "image/webp"),
        ("a.png", {"mime": "image/gif"}, "image/gif"),
    ],
)
def test_the_type_is_told_by_mime_name_or_first_bytes(
    gemini: GeminiServer, tmp_path: Path, name: str, more: Any, mime: str
) -> None:
    (tmp_path / name).write_bytes(PNG)
    ask(shown(medium(file=name, **more)), gemini, tmp_path)
    assert parts(gemini)[0]["inlineData"]["mimeType"] == mime


UNREADABLE = [
    ("none.png", "is not there"),
    ("folder", "is no file"),
    ("../outside.png", "is outside the project"),
    ("link.png", "is outside the project"),
    ("/etc/passwd", "is outside the project"),
    ("large.png", "has 1,001 bytes, and at most 1,000 are taken"),
    ("a\0b.png", "its path is none"),
]


@pytest.mark.parametrize(
    ("file", "said"), [*UNREADABLE, ("empty.png", "is empty"), ("unknown", "add `mime`")]
)
def test_what_cannot_be_read_fails_the_act_before_anything_is_sent(
    tmp_path: Path, file: str, said: str
) -> None:
    project, limit = unreadable(tmp_path)
    made = shown(medium(file="{{ '' }}" + file))
    words = failure(made, project, media=limit)
    assert said in words
    assert file not in words


@pytest.mark.parametrize(("file", "said"), UNREADABLE)
def test_what_certainly_cannot_be_read_is_said_before_the_first_request(
    gemini: GeminiServer, tmp_path: Path, file: str, said: str
) -> None:
    project, limit = unreadable(tmp_path)
    first = act("first", "Begin.")
    last = act("last", medium(file=file), "What is it?")
    with pytest.raises(SetupError, match=f"this image cannot be read: .*{said}"):
        ask(program(narrative(first, last)), gemini, project, media=limit)
    assert gemini.received == []


def test_a_simulation_counts_what_a_medium_is_expected_to_take(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)

    def tokens(*inputs: MediaInput | str) -> int:
        (finished,) = perform(shown(*inputs), tmp_path).saw(RunFinished)
        return finished.input_tokens

    assert tokens(medium(file="a.png")) - tokens("") > 200


def unreadable(folder: Path) -> tuple[Path, MediaConfiguration]:
    """Return a project with media that cannot be read, and how large they may be."""
    project = folder / "project"
    project.mkdir()
    (folder / "outside.png").write_bytes(PNG)
    (project / "folder").mkdir()
    (project / "empty.png").write_bytes(b"")
    (project / "unknown").write_bytes(b"what is this")
    (project / "large.png").write_bytes(b"x" * 1_001)
    (project / "link.png").symlink_to(folder / "outside.png")
    return project, MediaConfiguration(max_bytes=1_000)


def test_files_outside_may_be_allowed(gemini: GeminiServer, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "a.png").write_bytes(PNG)
    allowed = MediaConfiguration(outside_project=True)
    run = ask(shown(medium(file="../a.png")), gemini, project, media=allowed)
    assert run.report.status == "completed"


def test_what_is_too_large_for_a_request_is_uploaded_once(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    film = b"\0\0\0\x18ftypmp42" + b"\0" * 15_000_000
    (tmp_path / "a.mp4").write_bytes(film)
    made = shown(medium("video", file="a.mp4"), then="And?")
    run = ask(made, gemini, tmp_path)
    assert run.report.status == "completed", run.report.message
    assert list(gemini.files.values()) == [film]
    assert "fileData" in parts(gemini)[0]


def test_base64_is_part_of_the_source(gemini: GeminiServer, tmp_path: Path) -> None:
    text = "data:image/png;base64," + b64encode(PNG).decode()
    ask(shown(medium(base64=text), medium(base64=b64encode(PNG).decode())), gemini, tmp_path)
    for part in parts(gemini)[:2]:
        assert part["inlineData"]["mimeType"] == "image/png"
        assert urlsafe_b64decode(part["inlineData"]["data"]) == PNG


def test_what_is_no_base64_is_said(tmp_path: Path) -> None:
    assert "is no base64" in failure(shown(medium(base64="***")), tmp_path)


# History


@pytest.mark.parametrize(
    ("retention", "size", "left"),
    [
        ("full", 100, "inlineData"),
        ("full", 10_001, "[Image: image/png]"),
        ("summary", 100, "[Image: image/png]"),
        ("drop", 100, None),
    ],
)
def test_retention_says_what_stays(
    gemini: GeminiServer, tmp_path: Path, retention: str, size: int, left: str | None
) -> None:
    (tmp_path / "a.png").write_bytes(PNG + b"\0" * (size - len(PNG)))
    ask(shown(medium(file="a.png", retention=retention), then="And?"), gemini, tmp_path)
    kept = parts(gemini, request=1)
    assert len(kept) == (1 if left is None else 2)
    if left is not None:
        assert left in kept[0] or kept[0] == {"text": left}


def test_a_file_is_read_once_for_all_that_repeat_it(gemini: GeminiServer, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    made = shown(medium(file="a.png"), then="And?")
    ask(made, gemini, tmp_path)
    assert parts(gemini, request=1)[0] == parts(gemini)[0]


# Addresses


def test_an_address_is_passed_on_where_the_provider_fetches_it(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    ask(shown(medium(url="https://example.com/a.png?x=1")), gemini, tmp_path)
    assert parts(gemini)[0]["fileData"] == {
        "fileUri": "https://example.com/a.png?x=1",
        "mimeType": "image/png",
    }


def test_an_address_is_fetched_where_the_provider_does_not(
    chat: openai.OpenAIServer, site: web.Site, tmp_path: Path
) -> None:
    url = site.page("/doc", b"%PDF-1.4 hello", kind="application/pdf")
    run = perform(
        shown(medium("document", url=url)),
        tmp_path,
        "openai",
        clock=RealClock(),
        environment={"OPENAI_API_KEY": openai.KEY, "OPENAI_BASE_URL": chat.address},
        configuration=Configuration(
            project=str(tmp_path),
            platforms={"http": PlatformConfiguration(allow_private=("127.0.0.1",))},
        ),
    )
    assert run.report.status == "completed", run.report.message
    (asked,) = chat.received
    file = asked.body["messages"][0]["content"][0]["file"]
    assert b64decode(file["file_data"].partition(",")[2]) == b"%PDF-1.4 hello"
    assert len(site.asked) == 1


def reader(project: Path, **more: Any) -> MediaReader:
    return MediaReader(project, MediaConfiguration(), Capabilities(), **more)


def reading(**more: Any) -> ReadMedia:
    fields = {
        "address": Address(("a",)),
        "act": "a",
        "iteration": None,
        "kind": "image",
        "folder": ".",
        "file": None,
        "url": None,
        "mime": None,
        "filename": None,
        "model": "m",
        "security": (),
    }
    return ReadMedia(**{**fields, **more})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://127.0.0.1:9/a.png"}, "private address"),
        ({"url": "file:///etc/passwd"}, "must be of the form"),
        ({"url": "https://evil.net/a.png", "security": True}, "allowed_domains"),
    ],
)
def test_addresses_are_judged(tmp_path: Path, change: Any, said: str) -> None:
    if change.pop("security", False):
        rules = Security(content=ContentRules(allowed_domains=("example.com",)))
        change["security"] = (rules,)
    found = asyncio.run(reader(tmp_path).read(reading(**change)))
    assert not isinstance(found, MediaFound)
    assert said in found.message


# Going on


def _request(part: MediaPart) -> ModelRequest:
    return ModelRequest(model="m", messages=(Message(USER, (part,)),))


def test_after_an_interruption_a_file_is_read_again_and_must_be_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    found = asyncio.run(reader(tmp_path).read(reading(file="a.png")))
    assert isinstance(found, MediaFound)
    completed = asyncio.run(reader(tmp_path).complete(_request(found.part)))
    (part,) = completed.messages[0].parts
    assert isinstance(part, MediaPart)
    assert (part.data, part.held) == (PNG, None)
    (tmp_path / "a.png").write_bytes(PNG + b"other")
    with pytest.raises(MediaError, match="has changed since it was read"):
        asyncio.run(reader(tmp_path).complete(_request(found.part)))


# Before anything is sent


def test_a_kind_that_the_driver_cannot_send_is_named_at_once(tmp_path: Path) -> None:
    environment = {"ANTHROPIC_API_KEY": "sk-test"}
    (tmp_path / "a.mp3").write_bytes(b"ID3")
    with pytest.raises(SetupError) as caught:
        perform(
            shown(medium("audio", file="a.mp3")), tmp_path, "anthropic", environment=environment
        )
    assert str(caught.value) == "a.toml:1:1: anthropic takes no audio"


def test_media_count_towards_the_caps(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    # A small image takes 258 tokens, the question and its answer take less than 150.
    made = shown(medium(file="a.png"), limits=Caps(max_tokens=300))
    run = perform(made, tmp_path, clock=RealClock())
    assert run.report.status == "exhausted"
    linked = shown(medium(url="https://a.net/a.png"), limits=Caps(max_tokens=5_000_000))
    run = perform(linked, tmp_path, clock=RealClock())
    assert "no bound" in (run.report.message or "")
