"""Processes that are killed at random instants, with real sockets around them and a real file.

A carousel takes rows from a table, asks a model, posts to Discord under a key, deletes a channel
without one, inserts a row, and stores what the model said. However often it is killed and resumed,
what was sent and what the tables hold is what an undisturbed run leaves, but for deletions that
were said to be unknown. BOTTICELLI_KILLS says how many kills, 12 without it, half of them on each
database.
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
from servers.postgres import PostgresServer
from sqlalchemy import create_engine, inspect, text

from botticelli.runtime.databases.address import parse_url
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.problems import StoreError

KILLS = int(os.environ.get("BOTTICELLI_KILLS", "12"))
BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]
ITERATIONS = 5

SOURCE = """
[narrative]
name = "kills"
target = "thoughts"
[toc]
order = ["write", { parallel = ["post", "shorten", "note"] }, "remove", "reflect"]
[carousel]
iterations = 5
[acts]
write = ["tables.queue", "Write number {{ iteration }}."]
shorten = "Shorten: {{ write }}"
reflect = "What of {{ shorten }}, posted as {{ post.id }}?"
[tables.queue]
table_name = "jobs"
limit = 2
consume = true
[acts.post]
input = ["bots.post"]
[acts.note]
input = ["bots.note"]
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
[bots.note]
platform = "database"
command = "insert"
table_name = "notes"
values = { word = "{{ write }}" }
required = true
[security.policy]
allowed_commands = ["messages.send", "channels.delete", "database.insert"]
[security.tables]
write = ["notes"]
"""

CONFIGURATION = """
[defaults]
driver = "openai"
model = "local"
max_tokens = 50
"""


THOUGHTS = "SELECT word FROM thoughts ORDER BY id"
NOTES = "SELECT word FROM notes ORDER BY word"
LEFT = "SELECT id FROM jobs ORDER BY id"
LEASES = "SELECT row_key FROM botticelli_leases"


class Oracle:
    """A model whose answer depends on the request alone; what it thinks of something is JSON."""

    def __init__(self) -> None:
        self.asked = 0

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        self.asked += 1
        said = json.loads(data)["messages"]
        word = sha256(json.dumps(said).encode()).hexdigest()[:12]
        thinks = "What of" in said[-1]["content"]
        return Reply(completion(json.dumps({"word": word}) if thinks else word), slow=0.01)


class Site:
    """A project, its servers, and the processes that are run in it."""

    def __init__(
        self, folder: Path, discord: DiscordServer, oracle: Oracle, address: str, url: str
    ) -> None:
        self.folder = folder
        self.database = create_engine(parse_url(url))
        self.discord = discord
        self.oracle = oracle
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "DISCORD_TOKEN": TOKEN,
            "DISCORD_BASE_URL": discord.address,
            "OPENAI_BASE_URL": address,
            "OPENAI_API_KEY": "none",
            "DATABASE_URL": url,
        }
        (folder / "kills.toml").write_text(SOURCE)
        (folder / "botticelli.toml").write_text(CONFIGURATION)

    def forget(self) -> None:
        self.discord.forget()
        self.discord.reply("*", slow=0.01, times=1_000_000)
        self.oracle.asked = 0
        with self.database.begin() as connection:
            for table in inspect(connection).get_table_names():
                connection.execute(text(f"DROP TABLE {table}"))
            connection.execute(text("CREATE TABLE jobs (id integer PRIMARY KEY)"))
            connection.execute(text("CREATE TABLE notes (word text)"))
            for number in range(2 * ITERATIONS + 2):
                connection.execute(text(f"INSERT INTO jobs VALUES ({number})"))

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

    def rows(self, query: str) -> list[Any]:
        with self.database.connect() as connection:
            return list(connection.execute(text(query)).scalars())

    @property
    def has_run(self) -> bool:
        """Whether there is a run to go on with; the first may be killed before it says so."""
        try:
            journal = open_journal(self.folder, create=False)
        except StoreError:
            return False
        if journal is None:
            return False
        found = journal.runs(1)
        journal.close()
        return bool(found)

    def sent(self) -> list[str]:
        return [message["content"] for message in self.discord.messages]

    def removed(self) -> Counter[str]:
        return Counter(
            each.parameters["channel_id"] for each in self.discord.received("delete_channel")
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tables.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[Site]:
    contract = Contract.read("discord.openapi.json")
    if contract is None:
        pytest.skip("the contract discord.openapi.json is not in ../shared/contracts")
    oracle = Oracle()
    with serving(contract) as discord, listening(oracle.take) as address:
        made = Site(tmp_path, discord, oracle, address, url)
        yield made
        made.database.dispose()
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
            arguments = ["--resume", "last"] if site.has_run else ["kills.toml"]
        else:
            pytest.fail(said)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send")
def test_kills_lose_nothing_and_repeat_nothing(site: Site) -> None:
    site.forget()
    assert site.execute("kills.toml")[0] == 0
    messages, answers, asked = site.sent(), site.answers(), site.oracle.asked
    thoughts, left = site.rows(THOUGHTS), site.rows(LEFT)
    notes = site.rows(NOTES)
    assert notes == sorted(messages)
    assert (len(messages), len(thoughts), left) == (ITERATIONS, ITERATIONS, [10, 11])
    chance = random.Random(17)
    kills = doubts = 0
    while kills < KILLS // 2:
        for file in (site.folder / ".botticelli").iterdir():
            file.unlink()
        site.forget()
        killed, unknown = campaign(site, chance, KILLS // 2 - kills)
        kills += killed
        doubts += len(unknown)
        assert site.sent() == messages
        assert site.rows(NOTES) == notes
        assert site.rows(LEFT) == left
        assert site.rows(LEASES) == []
        assert len(site.rows(THOUGHTS)) == ITERATIONS
        assert sum(each not in thoughts for each in site.rows(THOUGHTS)) <= len(unknown)
        for channel, times in site.removed().items():
            assert times == 1 or channel in unknown
        done = {*site.removed(), *unknown}
        assert done == {str(number) for number in range(1, ITERATIONS + 1)}
        # Without its result, a deletion and the act that reads it are other than undisturbed.
        assert sum(each not in answers for each in site.answers()) <= 2 * len(unknown)
        # A kill loses at most the two requests that were under way.
        assert site.oracle.asked <= asked + 2 * killed
    assert doubts < kills
