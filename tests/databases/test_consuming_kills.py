"""Processes that take rows from one table and are killed at random: each row is done once.

A model on a local server answers with the ids that it was shown, and the answers are stored. Each
reader has a project of its own, as if it were on another machine. Whoever is killed is resumed, or
left dead so that its rows come back when their lease ends.

BOTTICELLI_QUEUE_ROWS, BOTTICELLI_QUEUE_READERS and BOTTICELLI_QUEUE_KILLS make it larger.
"""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.listening import Reply, listening
from servers.openai import completion

ROWS = int(os.environ.get("BOTTICELLI_QUEUE_ROWS", "300"))
READERS = int(os.environ.get("BOTTICELLI_QUEUE_READERS", "4"))
KILLS = int(os.environ.get("BOTTICELLI_QUEUE_KILLS", "4"))
SECONDS = 60 + ROWS / 10
"""The longest that all readers together may take."""

BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]

SOURCE = """
[narrative]
name = "reader"
target = "done"
[toc]
order = ["take"]
[carousel]
iterations = ITERATIONS
[tables.queue]
table_name = "jobs"
columns = ["id"]
limit = 5
consume = true
[acts]
take = ["tables.queue", "Do them."]
"""

CONFIGURATION = """
[defaults]
driver = "openai"
model = "local"
max_tokens = 50
[database]
lease = "2s"
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send")


class Model:
    """Answers with the ids that it is shown, as JSON, and counts how often each reader asks."""

    def __init__(self) -> None:
        self.slow = 0.005
        self.asked: Counter[str] = Counter()

    def take(self, path: str, headers: Any, data: bytes) -> Reply:
        said = json.loads(data)["messages"][-1]["content"]
        text = said if isinstance(said, str) else said[0]["text"]
        jobs = [{"job": int(number)} for number in re.findall(r'"id": (\d+)', text)]
        self.asked[path.split("/")[1]] += 1
        return Reply(completion(json.dumps(jobs)), slow=self.slow)


class Reader:
    """A project with a narrative that reads from the queue."""

    def __init__(self, folder: Path, url: str, address: str, *, iterations: int = 20) -> None:
        self.name = folder.name
        self.folder = folder
        folder.mkdir()
        (folder / "reader.toml").write_text(SOURCE.replace("ITERATIONS", str(iterations)))
        (folder / "botticelli.toml").write_text(CONFIGURATION)
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "DATABASE_URL": url,
            "OPENAI_BASE_URL": f"{address}/{folder.name}/v1",
            "OPENAI_API_KEY": "none",
        }

    @property
    def has_run(self) -> bool:
        journal = self.folder / ".botticelli" / "runs.sqlite"
        if not journal.exists():
            return False
        connection = sqlite3.connect(journal)
        try:
            return bool(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
        except sqlite3.OperationalError:  # killed before it had made the tables
            return False
        finally:
            connection.close()

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*BOTTICELLI, "exec", *(arguments or ("reader.toml",)), "--no-color"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


class Queue:
    """The table that is read from, and what came of its rows."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self._lock = threading.Lock()

    def fill(self, rows: int) -> None:
        self._sql("CREATE TABLE jobs (id integer PRIMARY KEY)")
        for first in range(1, rows + 1, 500):
            numbers = range(first, min(first + 500, rows + 1))
            self._sql("INSERT INTO jobs VALUES " + ", ".join(f"({each})" for each in numbers))

    def left(self) -> int:
        return self._sql("SELECT count(*) FROM jobs")[0][0]

    def done(self) -> Counter[int]:
        return Counter(dict(self._sql(_TIMES)))

    def leases(self) -> int:
        return self._sql("SELECT count(*) FROM botticelli_leases")[0][0]

    def _sql(self, statement: str) -> list[tuple[Any, ...]]:
        with self._lock:
            found: list[tuple[Any, ...]] = self._desk.sql(statement)
        return found


_TIMES = "SELECT job, count(*) FROM done GROUP BY job"


@pytest.fixture
def queue(desk: Any) -> Queue:
    return Queue(desk)


@pytest.fixture
def model() -> Iterator[tuple[Model, str]]:
    made = Model()
    with listening(made.take) as address:
        yield made, address


class Campaign:
    """Readers that go on until nothing is left, and are killed on the way."""

    def __init__(self, queue: Queue, model: Model, kills: int) -> None:
        self.queue = queue
        self.model = model
        self.kills = kills
        self.faults: list[str] = []
        self.deadline = time.monotonic() + SECONDS
        self._lock = threading.Lock()

    def read(self, reader: Reader, seed: int) -> None:
        chance = random.Random(seed)
        arguments: tuple[str, ...] = ()
        while self.queue.left() and not self.faults:
            process = reader.start(*arguments)
            if self._may_kill():
                self._kill(reader, process, chance)
            said, _ = process.communicate()
            killed = process.returncode == -signal.SIGKILL
            went_on = killed and reader.has_run and chance.random() < 0.5
            if went_on or "went to another reader" in said:
                arguments = ("--resume", "last")
            elif killed or process.returncode == 0 or "nothing is left to do" in said:
                arguments = ()
            else:
                self.faults.append(said)
            if time.monotonic() > self.deadline:
                self.faults.append(f"not done in time: {self.queue.left()} are left")

    def _may_kill(self) -> bool:
        with self._lock:
            self.kills -= 1
            return self.kills >= 0

    def _kill(
        self, reader: Reader, process: "subprocess.Popen[str]", chance: random.Random
    ) -> None:
        """Kill it after some requests and a moment more."""
        until = self.model.asked[reader.name] + chance.randint(0, 8)
        while self.model.asked[reader.name] < until and process.poll() is None:
            time.sleep(0.001)
        time.sleep(0.05 * chance.random())
        process.send_signal(signal.SIGKILL)


def test_each_row_is_done_once_whoever_is_killed(
    queue: Queue, model: tuple[Model, str], tmp_path: Path, url: str
) -> None:
    rows, readers = (ROWS, READERS) if url.startswith("postgresql") else (ROWS // 4, READERS // 2)
    queue.fill(rows)
    oracle, address = model
    campaign = Campaign(queue, oracle, KILLS)
    threads = [
        threading.Thread(
            target=campaign.read,
            args=(Reader(tmp_path / f"reader{number}", url, address), number),
        )
        for number in range(readers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert campaign.faults == []
    assert queue.done() == Counter(range(1, rows + 1))


def test_a_reader_that_is_told_to_stop_gives_back_at_once(
    queue: Queue, model: tuple[Model, str], tmp_path: Path, url: str
) -> None:
    queue.fill(5)
    oracle, address = model
    oracle.slow = 5.0
    reader = Reader(tmp_path / "reader", url, address, iterations=1)
    process = reader.start()
    while not oracle.asked[reader.name] and process.poll() is None:
        time.sleep(0.01)
    assert queue.leases() == 5
    process.terminate()
    process.communicate()
    assert process.returncode == 143
    assert (queue.leases(), queue.left()) == (0, 5)
    oracle.slow = 0.0
    again = reader.start("--resume", "last")
    said, _ = again.communicate()
    assert again.returncode == 0, said
    assert queue.done() == Counter(range(1, 6))


def test_a_reader_that_slept_too_long_completes_nothing_and_starts_over(
    queue: Queue, model: tuple[Model, str], tmp_path: Path, url: str
) -> None:
    queue.fill(8)
    oracle, address = model
    oracle.slow = 1.0
    sleeper = Reader(tmp_path / "sleeper", url, address, iterations=1)
    other = Reader(tmp_path / "other", url, address, iterations=1)
    asleep = sleeper.start()
    while not oracle.asked[sleeper.name] and asleep.poll() is None:
        time.sleep(0.01)
    asleep.send_signal(signal.SIGSTOP)
    oracle.slow = 0.0
    time.sleep(2.5)
    awake = other.start()
    assert awake.wait(30) == 0
    asleep.send_signal(signal.SIGCONT)
    said, _ = asleep.communicate(timeout=30)
    assert asleep.returncode == 1
    assert "went to another reader" in said
    assert queue.done() == Counter(range(1, 6))
    again = sleeper.start("--resume", "last")
    said, _ = again.communicate(timeout=30)
    assert again.returncode == 0, said
    assert "it starts over" in said
    assert queue.done() == Counter(range(1, 9))
    assert queue.leases() == 0
    awake.communicate()
