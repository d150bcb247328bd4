"""A prompt in a file of its own is judged like others, and reported where it is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli

NARRATIVE = """\
[narrative]
name = "greeting"
toc = ["draft", "polish"]

[acts]
draft = "Write a welcome message."
polish = [
    { file = "prompts/polish.md" },
]
"""
NAMED_IN_LINE = 8


def check(folder: Path, prompt: str | bytes, narrative: str = NARRATIVE) -> list[dict[str, Any]]:
    (folder / "prompts").mkdir(exist_ok=True)
    data = prompt if isinstance(prompt, bytes) else prompt.encode()
    (folder / "prompts" / "polish.md").write_bytes(data)
    (folder / "greeting.toml").write_text(narrative)
    done = CliRunner().invoke(cli, ["check", "greeting.toml", "--format", "json"])
    return list(json.loads(done.output)["diagnostics"])


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("Make it shorter:\n\n{{ draft }\n", "BOT301"),
        ("Make it shorter:\n\n{{ drft }}\n", "BOT302"),
        ("Make it shorter:\n\n{{ polish }}\n", "BOT303"),
        ("Make it shorter:\n\n{{ draft.title }}\n", "BOT306"),
        ("Make it shorter:\n\n${draft}\n", "BOT307"),
        ("Make it shorter:\n\n{{ state.nothing_writes_this }}\n", "BOT309"),
        ("Make it shorter:\n\n{{ env.API_KEY }}\n", "BOT605"),
        (b"Make it shorter:\n\n\xff\n", "BOT101"),
    ],
)
def test_a_fault_is_found_where_the_file_is_named(
    prompt: str | bytes, code: str, project: Path
) -> None:
    [found] = check(project, prompt)

    assert found["code"] == code
    assert (found["path"], found["span"]["start"]["line"]) == ("greeting.toml", NAMED_IN_LINE)
    assert found["labels"][0]["path"] == "prompts/polish.md"
    assert found["labels"][0]["span"]["start"]["line"] == 3
    assert found["fix"] is None


def test_a_prompt_without_faults_leaves_nothing_to_say(project: Path) -> None:
    assert check(project, "Make it shorter: {{ draft }}\n") == []


def test_a_prompt_that_changes_is_judged_anew(project: Path) -> None:
    assert check(project, "Make it shorter: {{ draft }}\n") == []
    assert [each["code"] for each in check(project, "Make it shorter: {{ drft }}\n")] == ["BOT302"]
    assert check(project, "Make it shorter: {{ draft }}\n") == []


def test_untrusted_text_is_followed_through_a_prompt_file(project: Path) -> None:
    narrative = """\
[narrative]
name = "greeting"
toc = ["polish", "post"]

[triggers.hook]
webhook = "/hook"
secret = "${env:HOOK_SECRET}"

[acts]
polish = [{ file = "prompts/polish.md" }]
post = "bots.announce"

[bots.announce]
platform = "discord"
command = "messages.send"
channel_id = "1234567890"
content = "{{ polish }}"

[security.policy]
allowed_commands = ["messages.send"]
"""

    assert [each["code"] for each in check(project, "{{ trigger.text }}", narrative)] == ["BOT606"]
    assert check(project, "Write something.", narrative) == []


def test_a_finding_is_silenced_where_the_file_is_named(project: Path) -> None:
    silenced = NARRATIVE.replace("    {", "    # botticelli: ignore[BOT302]\n    {")

    assert check(project, "{{ drft }}", silenced) == []
