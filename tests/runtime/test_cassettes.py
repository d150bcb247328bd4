"""Cassettes: recorded once, replayed as often as one likes, and never with a secret in them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from drivers import open_driver
from drivers import request as conversation
from programs import Performance, act, carousel, narrative, perform, program
from servers.gemini import KEY, GeminiServer, says, too_many

from botticelli.compiler.ir.program import ModelSettings, Retry
from botticelli.runtime.drivers.protocol import DriverError, MediaPart
from botticelli.runtime.events import Answered, RequestSettled
from botticelli.runtime.problems import SetupError
from botticelli.runtime.shell.clock import RealClock

TALE = program(
    narrative(
        act("a", "Tell of {{ env.TOWN }}.", retry=Retry(backoff=0.01)),
        act("b", "And of {{ a }}"),
        environment=("TOWN",),
    )
)


def record(gemini: GeminiServer, project: Path, made: Any = TALE, more: str = "") -> Performance:
    environment = {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": gemini.address,
        "TOWN": "Florence",
    }
    driver = f"record:driver=gemini,file=tests/tale.jsonl{more}"
    return perform(made, project, driver, clock=RealClock(), environment=environment)


def replay(project: Path, made: Any = TALE, **environment: str) -> Performance:
    surroundings = {"TOWN": "Florence", **environment}
    return perform(made, project, "replay:file=tests/tale.jsonl", environment=surroundings)


def test_a_recorded_run_is_replayed_without_a_network_or_a_key(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answer(too_many("0.01s"), says("the Arno"), says("water"))
    recorded = record(gemini, tmp_path)
    assert recorded.report.status == "completed"
    before = len(gemini.received)
    for _ in range(2):
        replayed = replay(tmp_path)
        assert [each.text for each in replayed.results] == ["the Arno", "water"]
        assert [each.cost for each in replayed.saw(Answered)] == [0, 0]
        # What was used then is reported again; the refusal on the way is no answer.
        assert [each.input_tokens for each in replayed.saw(RequestSettled)] == [11, 11]
    assert len(gemini.received) == before


def test_a_cassette_can_be_read_in_a_difference(gemini: GeminiServer, tmp_path: Path) -> None:
    gemini.answer(says("the Arnò"), says("water"))
    record(gemini, tmp_path)
    text = (tmp_path / "tests/tale.jsonl").read_text("utf-8")
    header, first, second = map(json.loads, text.splitlines())
    assert (header["cassette"], header["driver"]) == (1, "gemini")
    assert first["request"] == {
        "model": "gemini-2.5-flash",
        "messages": [{"user": ["Tell of Florence."]}],
        "settings": {"max_tokens": 100},
    }
    assert second["request"]["messages"][1] == {"assistant": ["the Arnò"]}
    assert "the Arnò" in text
    assert KEY not in text


def test_secrets_of_the_environment_are_not_written(gemini: GeminiServer, tmp_path: Path) -> None:
    made = program(
        narrative(act("a", "The word is {{ env.DOOR_TOKEN }}."), environment=("DOOR_TOKEN",))
    )
    gemini.answer(says("hunter-hunter, you say"))
    environment = {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": gemini.address,
        "DOOR_TOKEN": "hunter-hunter",
    }
    driver = "record:driver=gemini,file=tests/tale.jsonl"
    perform(made, tmp_path, driver, clock=RealClock(), environment=environment)
    assert gemini.received[0].turns == [("user", ["The word is hunter-hunter."])]
    assert "hunter" not in (tmp_path / "tests/tale.jsonl").read_text("utf-8")
    # Another environment, with a secret of its own, finds the answer all the same.
    run = replay(tmp_path, made, DOOR_TOKEN="something-else")
    assert [each.text for each in run.results] == ["***, you say"]


def test_what_is_not_in_the_cassette_is_shown_beside_the_nearest(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answer(says("the Arno"), says("water"))
    record(gemini, tmp_path)
    run = replay(tmp_path, TOWN="Venice")
    assert run.report.status == "failed"
    assert run.report.message is not None
    assert "the request is not in the cassette tests/tale.jsonl" in run.report.message
    assert "on line 2" in run.report.message
    assert '-    "Tell of Florence."' in run.report.message
    assert '+    "Tell of Venice."' in run.report.message
    # It was never sent, and is not tried again.
    assert [each.requests for each in run.saw(RequestSettled)] == [0]


def test_the_order_of_asking_does_not_matter_and_equal_requests_keep_theirs(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    thrice = program(narrative(act("a", "Again?"), carousel=carousel(3)))
    gemini.answer(says("one"), says("two"), says("three"))
    record(gemini, tmp_path, thrice)
    assert [each.text for each in replay(tmp_path, thrice).results] == ["one", "two", "three"]
    five = program(narrative(act("a", "Again?"), carousel=carousel(5)))
    texts = [each.text for each in replay(tmp_path, five).results]
    assert texts == ["one", "two", "three", "three", "three"]


def test_recording_begins_anew_or_goes_on(gemini: GeminiServer, tmp_path: Path) -> None:
    one = program(narrative(act("a", "One?")))
    two = program(narrative(act("a", "Two?")))
    gemini.answer(says("1"), says("2"), says("1 again"))
    record(gemini, tmp_path, one)
    record(gemini, tmp_path, two, ",add=true")
    assert [each.text for each in replay(tmp_path, one).results] == ["1"]
    assert [each.text for each in replay(tmp_path, two).results] == ["2"]
    record(gemini, tmp_path, one)
    assert replay(tmp_path, two).report.status == "failed"


def test_a_run_that_gets_no_answer_leaves_the_cassette_as_it_was(
    gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answer(says("1"), too_many("0.01s"))
    once = program(narrative(act("a", "One?", retry=Retry(attempts=1))))
    record(gemini, tmp_path, once)
    assert record(gemini, tmp_path, once).report.status == "failed"
    assert [each.text for each in replay(tmp_path, once).results] == ["1"]


@pytest.mark.parametrize("left", [1, 40])
def test_a_line_that_was_not_written_to_its_end_is_passed_over(
    gemini: GeminiServer, tmp_path: Path, left: int
) -> None:
    one = program(narrative(act("a", "One?")))
    two = program(narrative(act("a", "Two?")))
    gemini.answer(says("1"), says("2"), says("3"))
    record(gemini, tmp_path, one)
    path = tmp_path / "tests/tale.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[1][:left])
    assert [each.text for each in replay(tmp_path, one).results] == ["1"]
    record(gemini, tmp_path, two, ",add=true")
    assert path.read_bytes().startswith(whole + b'{"key":')
    assert [each.text for each in replay(tmp_path, two).results] == ["2"]


def test_media_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    def picture(data: bytes) -> Any:
        part = MediaPart(kind="image", mime="image/png", data=data)
        return conversation(("What is it?", part), model="m", settings=ModelSettings())

    async def run() -> None:
        options = {"driver": "simulate", "file": "a.jsonl"}
        recorder = open_driver("record", {}, project=tmp_path, options=options)
        said = await recorder.generate(picture(b"cat"))
        await recorder.close()
        player = open_driver("replay", {}, project=tmp_path, options={"file": "a.jsonl"})
        assert await player.generate(picture(b"cat")) == said
        with pytest.raises(DriverError, match="sha256"):
            await player.generate(picture(b"dog"))
        await player.close()

    asyncio.run(run())
    assert "Y2F0" not in (tmp_path / "a.jsonl").read_text("utf-8")


def test_options_beside_its_own_are_the_other_drivers(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="simulate driver knows no option 'speed'"):
        perform(TALE, tmp_path, "record:driver=simulate,file=a.jsonl,speed=2", environment=TOWN)


TOWN = {"TOWN": "Florence"}


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("record:file=a.jsonl", "needs one to ask"),
        ("record:driver=replay,file=a.jsonl", "needs one to ask"),
        ("record:driver=simulate", "write record:file=PATH"),
        ("record:driver=gemni,file=a.jsonl", "no driver is named 'gemni'"),
        ("record:driver=simulate,file=a.jsonl,add=perhaps", "add is true or false"),
        ("record:driver=simulate,file=text.jsonl,add=true", "is no cassette"),
        ("replay", "write replay:file=PATH"),
        ("replay:file=none.jsonl", "none.jsonl cannot be read: No such file"),
        ("replay:file=text.jsonl", "is no cassette"),
        ("replay:file=empty.jsonl", "is no cassette"),
        ("replay:file=newer.jsonl", "is of version 2; 1 can be read"),
        ("replay:file=broken.jsonl", "has a fault on line 2"),
        ("replay:file=newer.jsonl,speed=2", "knows no option 'speed'"),
    ],
)
def test_what_cannot_be_opened_is_said_before_the_run(
    tmp_path: Path, driver: str, said: str
) -> None:
    header = '{"cassette":1,"driver":"gemini","provider":"gemini","default_model":"m"}\n'
    (tmp_path / "text.jsonl").write_text("once upon a time\n")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "newer.jsonl").write_text(header.replace(":1,", ":2,"))
    (tmp_path / "broken.jsonl").write_text(f'{header}{{"key": 1}}\n')
    with pytest.raises(SetupError, match=said):
        perform(TALE, tmp_path, driver, environment=TOWN)
