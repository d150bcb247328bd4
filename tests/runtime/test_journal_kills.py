"""Processes that are killed at random instants, with real sockets around them and a real file.

A carousel asks a model, posts to Discord under a key, and deletes without one. However often it is
killed and resumed, what was sent is what an undisturbed run sends, but for deletions that were said
to be unknown. BOTTICELLI_KILLS says how many kills, 20 without it.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from servers.contract import Contract
from servers.discord import TOKEN, DiscordServer, serving
from servers.listening import Reply, listening
from servers.openai import completion

KILLS = int(os.environ.get("BOTTICELLI_KILLS", "20"))
BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]
ITERATIONS = 5

SOURCE = """
[narrative]
name = "kills"
[toc]
order = ["write", { parallel = ["post", "shorten"] }, "remove", "reflect"]
[carousel]
iterations = 5
[acts]
write = "Write number {{ iteration }}."
shorten = "Shorten: {{ write }}"
reflect = "What of {{ shorten }}, posted as {{ post.id }}?"
[acts.post]
input = ["bots.post"]
[acts.remove]
input = ["bots.remove"]
[bots.post]
platform = "discord"
command = "messages.send"
channel_id = "42"
content = "{{ write }}"
required = true
[bots.remove]
platform = "discord"
command = "channels.delete"
channel_id = "{{ iteration }}"
required = true
[security.policy]
allowed_commands = ["messages.send", "channels.delete"]
"""

CONFIGURATION = """
[defaults]
driver = "openai"
model = "local"
max_tokens = 50
"""


class Oracle:
    """A model whose answer depends on the request alone."""

    def __init__(self) -> None:
        self.asked = 0

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        self.asked += 1
        said = json.loads(data)["messages"]
        return Reply(completion(sha256(json.dumps(said).encode()).hexdigest()[:12]), slow=0.01)


class Site:
    """A project, its servers, and the processes that are run in it."""

    def __init__(self, folder: Path, discord: DiscordServer, oracle: Oracle, address: str) -> None:
        self.folder = folder
        self.discord = discord
        self.oracle = oracle
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "DISCORD_TOKEN": TOKEN,
            "DISCORD_BASE_URL": discord.address,
            "OPENAI_BASE_URL": address,
            "OPENAI_API_KEY": "none",
        }
        (folder / "kills.toml").write_text(SOURCE)
        (folder / "botticelli.toml").write_text(CONFIGURATION)

    def forget(self) -> None:
        self.discord.forget()
        self.discord.reply("*", slow=0.01, times=1_000_000)
        self.oracle.asked = 0

    def execute(self, *arguments: str, kill: tuple[int, float] | None = None) -> tuple[int, str]:
        """Run the command and return its exit code and what it said of errors.

        `kill` it after so many requests and so many seconds.
        """
        before = self.requests()
        process = subprocess.Popen(
            [*BOTTICELLI, "exec", *arguments, "--no-color"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if kill is not None:
            requests, seconds = kill
            while self.requests() < before + requests and process.poll() is None:
                time.sleep(0.001)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    def requests(self) -> int:
        return self.oracle.asked + len(self.discord.requests)

    def answers(self) -> list[str]:
        shown = subprocess.run(
            [*BOTTICELLI, "runs", "show"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return sorted(shown.stdout.split("\n── ")[1:])

    def sent(self) -> list[str]:
        return [message["content"] for message in self.discord.messages]

    def removed(self) -> Counter[str]:
        return Counter(
            each.parameters["channel_id"] for each in self.discord.received("delete_channel")
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    contract = Contract.read("discord.openapi.json")
    if contract is None:
        pytest.skip("the contract discord.openapi.json is not in ../shared/contracts")
    oracle = Oracle()
    with serving(contract) as discord, listening(oracle.take) as address:
        yield Site(tmp_path, discord, oracle, address)
        assert discord.faults == []


def campaign(site: Site, chance: random.Random, kills: int) -> tuple[int, set[str]]:
    """Run until it completes, killing up to so many times; return how often it was killed and the
    channels whose deletion was said to be unknown."""
    killed, unknown = 0, set[str]()
    arguments = ["kills.toml"]
    while True:
        kill = (chance.randint(0, 8), 0.03 * chance.random()) if killed < kills else None
        code, said = site.execute(*arguments, kill=kill)
        killed += code == -signal.SIGKILL
        if code == 0 or "nothing is left to do" in said:
            return killed, unknown
        if "nobody knows" in said:
            unknown.update(re.findall(r'channels.delete {"channel_id": "(\d+)"}', said))
            arguments = ["--resume", "last", "--on-unknown", chance.choice(["skip", "repeat"])]
        elif code == -signal.SIGKILL:
            arguments = ["--resume", "last"] if site.requests() else ["kills.toml"]
        else:
            pytest.fail(said)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send")
def test_kills_lose_nothing_and_repeat_nothing(site: Site) -> None:
    site.forget()
    assert site.execute("kills.toml")[0] == 0
    messages, answers, asked = site.sent(), site.answers(), site.oracle.asked
    assert len(messages) == ITERATIONS
    chance = random.Random(17)
    kills = doubts = 0
    while kills < KILLS:
        for file in (site.folder / ".botticelli").iterdir():
            file.unlink()
        site.forget()
        killed, unknown = campaign(site, chance, KILLS - kills)
        kills += killed
        doubts += len(unknown)
        assert site.sent() == messages
        for channel, times in site.removed().items():
            assert times == 1 or channel in unknown
        done = {*site.removed(), *unknown}
        assert done == {str(number) for number in range(1, ITERATIONS + 1)}
        # Without its result, a deletion and the act that reads it are other than undisturbed.
        assert sum(each not in answers for each in site.answers()) <= 2 * len(unknown)
        # A kill loses at most the two requests that were under way.
        assert site.oracle.asked <= asked + 2 * killed
    assert doubts < kills
