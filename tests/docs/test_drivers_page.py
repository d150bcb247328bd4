"""The driver that the page on drivers shows is a driver: installed as the page says, it runs."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from servers.listening import Reply, listening

PAGE = (Path(__file__).parents[2] / "docs" / "drivers.md").read_text("utf-8")


def block(kind: str, *, holding: str) -> str:
    """The code block of a kind that holds some words."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return next(each for each in blocks if holding in each)


def test_the_driver_on_the_page_runs_as_it_is_shown(tmp_path: Path) -> None:
    installed = tmp_path / "site"
    metadata = installed / "botticelli_scriptorium-1.0.dist-info"
    metadata.mkdir(parents=True)
    (installed / "botticelli_scriptorium.py").write_text(block("python", holding="open_driver"))
    package = tomllib.loads(block("toml", holding="entry-points"))["project"]
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package['name']}\nVersion: {package['version']}\n"
    )
    ((group, entries),) = package["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {module}" for name, module in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines))

    prompts: list[str] = []

    def answer(path: str, _: object, body: bytes) -> Reply:
        assert path == "/complete"
        prompts.append(json.loads(body)["prompt"])
        return Reply({"text": f"copy {len(prompts)}"})

    with listening(answer) as address:
        configuration = block("toml", holding="[drivers.scriptorium]")
        assert "http://localhost:8080" in configuration
        project = tmp_path / "project"
        project.mkdir()
        (project / "botticelli.toml").write_text(
            configuration.replace("http://localhost:8080", address)
        )
        (project / "tale.toml").write_text(
            '[narrative]\nname = "tale"\n[toc]\norder = ["a", "b"]\n'
            '[acts]\na = "Copy this."\nb = "And {{ a }}."\n'
        )
        paths = [str(installed), *filter(None, [os.environ.get("PYTHONPATH")])]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "botticelli.cli",
                "exec",
                "tale.toml",
                "--driver",
                "scriptorium",
            ],
            cwd=project,
            env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert prompts == ["Copy this.", "Copy this.\n\ncopy 1\n\nAnd copy 1."]


def test_the_driver_on_the_page_is_as_short_as_it_says() -> None:
    lines = [line for line in block("python", holding="open_driver").splitlines() if line.strip()]
    assert len(lines) <= 30


def test_the_page_names_every_driver() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    drivers = project["project"]["entry-points"]["botticelli.drivers"]
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(drivers)
