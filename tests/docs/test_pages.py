"""A page that shows a command shows its real output.

A block of kind `console` holds `$ command` and below it what the command prints. Numbers that
differ from run to run (ids, times) are compared by their form. With BOTTICELLI_UPDATE_PAGES=1 the
blocks are rewritten instead.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)
VOLATILE = (
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}"), "20260101-000000-000000"),
    (re.compile(r"in \d+\.\d s"), "in 0.1 s"),
    (re.compile(r"\(in [^)]*\.botticelli"), "(in narratives/.botticelli"),
)


def normal(output: str) -> str:
    for pattern, replacement in VOLATILE:
        output = pattern.sub(replacement, output)
    return output


def run(command: str, home: Path) -> str:
    words = shlex.split(command)
    assert words[0] == "botticelli", f"only our own command is run from a page: {command}"
    environment = {**os.environ, "HOME": str(home), "NO_COLOR": "1", "COLUMNS": "100"}
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        environment.pop(variable, None)
    done = subprocess.run(
        [sys.executable, "-m", "botticelli.cli", *words[1:]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return normal(done.stdout + done.stderr)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")

    def real(block: re.Match[str]) -> str:
        return f"```console\n$ {block['command']}\n{run(block['command'], tmp_path)}```"

    shown = BLOCK.sub(real, text)

    if os.environ.get("BOTTICELLI_UPDATE_PAGES"):
        page.write_text(shown, "utf-8")
    else:
        assert shown == BLOCK.sub(
            lambda block: f"```console\n$ {block['command']}\n{normal(block['output'])}```", text
        )


def test_the_readme_leads_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    in_ci = (ROOT / ".ci" / "run").read_text("utf-8")

    assert "exec narratives/quickstart.toml --driver simulate" in commands[0]
    assert commands[1].strip() in in_ci
