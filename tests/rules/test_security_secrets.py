"""BOT605 and BOT607: secrets that stand in a file, or are sent to a model."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rules.checking import check, described, narrative

from botticelli.cli.main import cli
from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.report import FORMATS, render

KEYS = {
    "an OpenAI key": "sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6",
    "an OpenAI key (older)": "sk-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4",
    "an Anthropic key": "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0k1L2m3N4-AA",
    "a Google API key": "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "a GitHub token": "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "a GitHub token (fine)": "github_pat_11A1B2C3D4E5F6G7H8I9J0_k1L2m3N4o5P6q7R8s9T0",
    "a Discord bot token": "MTA5ODc2NTQzMjEwOTg3NjU0.GhIjKl.mN0pQ1rS2tU3vW4xY5zA6bC7dE8fG9hI0jK1lM",
    "a Slack token": "xoxb-210987654321-2109876543210-aBcDeFgHiJkLmNoP",
    "an AWS access key": "AKIAQ7RT5UVW9XYZ2ABC",
    "a Stripe key": "sk_live_a1B2c3D4e5F6g7H8i9J0k1L2",
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5ODc2NSJ9.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
}
EVERY_KEY = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


@EVERY_KEY
def test_a_key_is_found_where_it_stands(key: str, tmp_path: Path) -> None:
    text = narrative('"a"', f'a = "Use {key} for it."')
    assert described(check(tmp_path, {"main.toml": text})) == [f"BOT607 6: {key}"]


@EVERY_KEY
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_key_is_never_shown(format_name: str, key: str, tmp_path: Path) -> None:
    """Neither by its own finding, nor by others on its line or about its value."""
    text = f"""
[narrative]
name = "main"
toc = ["a", "b"]
modle = "{key}"
temperature = "{key}"
"{key}" = 1
[acts]
a = {{ prompt = "{key} {{{{ nothing }}}}", output = "{key}" }}
b = "bots.{key}"
# {key}
"""
    (tmp_path / "main.toml").write_text(text)
    found = check_paths([tmp_path]).diagnostics
    assert len({each.rule.code for each in found}) >= 5
    shown = render(format_name, found, color=False)
    assert key[12:] not in shown
    assert key[:20] not in shown


def test_a_key_behind_an_escape_is_found_and_hidden(tmp_path: Path) -> None:
    key = KEYS["an OpenAI key"]
    text = narrative('"a"', f'a = "One\\n{key} {{{{ nothing }}}}"', '[bots.b]\nx = "\\u0041"\n')
    found = check(tmp_path, {"main.toml": text}, "BOT")
    assert f"BOT607 6: {key}" in described(found)
    assert key[9:] not in render("text", found, color=False)


@pytest.mark.parametrize(
    "text",
    [
        "sk-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "sk-proj-xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-key-here-and-nothing-else",
        "sk-proj-your-api-key-goes-here",
        "YOUR_TOKEN",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_0000000000000000000000000000000000000000",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-...",
        "<your sk- key>",
        "task-a1b2c3d4e5f6a7b8c9d0e1f2",
        "risk-1234567890abcdef1234567890abcdef",
        "sk-learn-is-the-name-of-a-library",
        "550e8400-e29b-41d4-a716-446655440000",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "1234567890123456789",
        "-----BEGIN PUBLIC KEY----- MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        "-----BEGIN PRIVATE KEY----- ... -----END PRIVATE KEY-----",
        "See Modules.within.TheManualOfThisLibraryHere for more.",
    ],
)
def test_what_only_looks_like_a_key_is_left_alone(text: str, tmp_path: Path) -> None:
    assert check(tmp_path, {"main.toml": narrative('"a"', f'a = "Use {text} ok"')}) == []


def test_a_comment_is_no_literal(tmp_path: Path) -> None:
    text = narrative('"a"', f'a = "Hi" # {KEYS["an OpenAI key"]}')
    assert check(tmp_path, {"main.toml": text}) == []


def test_a_private_key_over_several_lines(tmp_path: Path) -> None:
    lines = [f"{n}Mb3kT9xQ2vR7wL5zY8pN4jH6gF1dS0aC+/{n}eUiOqWm" for n in range(3)]
    block = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    found = check(tmp_path, {"main.toml": narrative('"a"', f'a = """\n{block}\n"""')})
    assert [each.rule.code for each in found] == ["BOT607"]
    shown = render("text", found, color=False)
    assert not any(line in shown for line in lines)


def test_a_key_in_a_prompt_of_its_own_file(tmp_path: Path) -> None:
    key = KEYS["a GitHub token"]
    (tmp_path / "prompt.txt").write_text(f"Use {key} for it.")
    text = narrative('"a"', 'a = { input = { file = "prompt.txt" } }')
    found = check(tmp_path, {"main.toml": text})
    assert described(found) == ['BOT607 6: "prompt.txt"']
    shown = render("text", found, color=False)
    assert "Use ghp_***" in shown
    assert key not in shown


def test_a_key_in_the_configuration(tmp_path: Path) -> None:
    key = KEYS["a GitHub token"]
    files = {"botticelli.toml": f'[vars]\ntoken = "{key}"\n'}
    assert described(check(tmp_path, files)) == [f"BOT607 2: {key}"]


def test_no_fix_writes_a_key(tmp_path: Path) -> None:
    key = KEYS["a GitHub token"]
    text = narrative('"a"', f'a = "${{env:{key}}}"')
    (tmp_path / "main.toml").write_text(text)
    found = check_paths([tmp_path]).diagnostics
    assert not any(key in json.dumps([e.text for e in d.fix.edits]) for d in found if d.fix)


# Secrets on their way into prompts


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Use {{ env.API_KEY }}", ["env.API_KEY"]),
        ("Use {{ env['MY_SECRET'] | upper }}", ["env['MY_SECRET']"]),
        ("{% set k = env.BOT_TOKEN %}Use {{ k }}", ["env.BOT_TOKEN"]),
        ("Use {{ env.API_KEY }} or {{ env.PASSWORD }}", ["env.API_KEY", "env.PASSWORD"]),
        ("{% if env.API_KEY %}Use it.{% endif %}", []),
        ("{{ env.API_KEY | length }}", []),
        ("Use {{ env.KEYBOARD }} and {{ env.MONKEY }} and {{ env.TOKENS }}", []),
        ("Use ${env:API_KEY} and $API_KEY", []),
    ],
)
def test_secrets_in_prompts(prompt: str, expected: list[str], tmp_path: Path) -> None:
    found = check(tmp_path, {"main.toml": narrative('"a"', f'a = "{prompt}"')})
    assert described(found) == [f"BOT605 6: {each}" for each in expected]


def test_a_persona_is_a_prompt_and_an_argument_is_none(tmp_path: Path) -> None:
    text = """
[narrative]
name = "main"
toc = ["a", "b"]
[acts]
b = "bots.it"
[acts.a]
character = "Host"
prompt = "Hi"
[characters.Host]
persona = "You know {{ env.API_KEY }}"
[bots.it]
platform = "http"
command = "get"
url = "https://example.com"
headers = { Authorization = "Bearer {{ env.API_KEY }}" }
"""
    assert described(check(tmp_path, {"main.toml": text})) == ["BOT605 11: env.API_KEY"]


def test_a_secret_is_followed_into_what_is_called(tmp_path: Path) -> None:
    call = '[narrative]\nname = "{0}"\ntoc = ["c"]\n[acts.c]\nnarrative = "{1}"\nwith = {{ {2} }}\n'
    files = {
        "one.toml": call.format("one", "two", 'k = "${env:API_KEY}", other = "{{ env.A_TOKEN }}"'),
        "two.toml": call.format("two", "three", 'x = "with {{ vars.k }}"'),
        "three.toml": '[narrative]\nname = "three"\ntoc = ["a"]\n[acts]\na = "Use {{ vars.x }}"\n',
    }
    [found] = check(tmp_path, files)
    assert described([found]) == ["BOT605 6: ${env:API_KEY}"]
    assert [label.message for label in found.labels] == [
        "given to `three` as `vars.x`",
        "here it goes into the prompt of `a`",
    ]


def test_a_diff_shows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = KEYS["a GitHub token"]
    monkeypatch.chdir(tmp_path)
    acts = f'a = {{ promt = "Hi", description = "Use {key}" }}'
    Path("main.toml").write_text(narrative('"a"', acts))
    done = CliRunner().invoke(cli, ["check", "main.toml", "--fix", "--diff"])
    assert "+a = { prompt" in done.output
    assert "Use ghp_***" in done.output
    assert key not in done.output
