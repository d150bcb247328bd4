"""The narratives that ship are clean, compile to the same bytes each time, and run."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import Performance, perform
from servers.contract import Contract
from servers.discord import TOKEN, DiscordServer, serving

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.compile import compile_file
from botticelli.compiler.ir.encoding import encode
from botticelli.compiler.ir.program import Program
from botticelli.runtime.shell.clock import VirtualClock

FOLDER = Path(__file__).parents[2] / "narratives"
SHIPPED = sorted(
    path
    for path in FOLDER.iterdir()
    if path.suffix in {".toml", ".yaml"} and path.name != "botticelli.toml"
)


def compiled(name: str) -> Program:
    result = compile_file(FOLDER / name)
    assert result.program is not None
    return result.program


def test_nothing_is_wrong_in_them() -> None:
    result = check_paths([FOLDER])

    assert result.diagnostics == []
    assert result.files == len(SHIPPED) + 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_same_source_gives_the_same_bytes(path: Path) -> None:
    assert encode(compiled(path.name)) == encode(compiled(path.name))


def without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_places(each) for key, each in value.items() if key != "place"}
    if isinstance(value, list):
        return [without_places(each) for each in value]
    return value.replace("welcome_in_yaml", "welcome").strip() if isinstance(value, str) else value


def test_toml_and_yaml_say_the_same() -> None:
    in_toml = without_places(json.loads(encode(compiled("welcome.toml"))))
    in_yaml = without_places(json.loads(encode(compiled("welcome_in_yaml.yaml"))))
    in_yaml["narratives"]["welcome"] = in_yaml["narratives"].pop("welcome_in_yaml")

    assert in_yaml == in_toml


def test_the_quickstart_runs_without_a_key_in_seconds(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "botticelli.cli", "exec"),
            *(str(FOLDER / "quickstart.toml"), "--driver", "simulate"),
        ],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "simulat" in done.stdout


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    contract = Contract.read("discord.openapi.json")
    if contract is None:
        pytest.skip("the contract discord.openapi.json is not in ../shared/contracts")
    with serving(contract) as server:
        yield server
        assert server.faults == []


@pytest.mark.parametrize("name", ["welcome.toml", "welcome_in_yaml.yaml"])
def test_the_welcome_carousel_posts_once_an_hour(
    name: str, discord: DiscordServer, tmp_path: Path
) -> None:
    environment = {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": discord.address}
    clock = VirtualClock(1.76e9)

    run: Performance = perform(compiled(name), tmp_path, clock=clock, environment=environment)

    assert run.report.completed == 24
    assert len(discord.messages) == 24
    assert all("simulated" in message["content"] for message in discord.messages)
