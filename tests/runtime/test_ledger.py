"""The ledger: what a run used is known to the next, and to those beside it."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import act, carousel, narrative, perform, program
from servers.listening import Reply, listening
from servers.openai import completion

from botticelli.compiler.semantics.limits import (
    DAY,
    MINUTE,
    SLACK,
    Admitted,
    Busy,
    Demand,
    Exhausted,
    Later,
    Limits,
    Usage,
)
from botticelli.runtime.events import Warned
from botticelli.runtime.problems import StoreError
from botticelli.runtime.shell.clock import Timebase
from botticelli.runtime.shell.ledger import Pool, SqliteLedger, ledger_path

POOL = Pool("gemini", "account", "gemini-2.5-flash")
ONE = Demand(1, 1, 2)
NOW = 1.76e9


def test_a_second_run_knows_what_the_first_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpd=3)
    for _ in range(3):
        ledger = SqliteLedger(path, NOW)
        decision, number = ledger.reserve(POOL, NOW, limits, ONE, NOW + 10)
        assert isinstance(decision, Admitted)
        ledger.settle(POOL, number, NOW + 1, Usage(1, 1))
        ledger.close()
    ledger = SqliteLedger(path, NOW + 100)
    decision, _ = ledger.reserve(POOL, NOW + 100, limits, ONE, NOW + 200)
    assert isinstance(decision, Exhausted)
    other = Pool("gemini", "another account", POOL.models)
    assert isinstance(ledger.reserve(other, NOW + 100, limits, ONE, NOW)[0], Admitted)
    ledger.close()


def test_two_at_once_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpm=2, max_concurrent=2)
    first, second = SqliteLedger(path, NOW), SqliteLedger(path, NOW)
    _, one = first.reserve(POOL, NOW, limits, ONE, NOW + 10)
    _, two = second.reserve(POOL, NOW, limits, ONE, NOW + 10)
    assert first.reserve(POOL, NOW, limits, ONE, NOW + 10)[0] == Busy("max_concurrent")
    second.settle(POOL, two, NOW + 1, Usage(0, 0, requests=0))
    assert isinstance(first.reserve(POOL, NOW + 1, limits, ONE, NOW + 10)[0], Admitted)
    first.settle(POOL, one, NOW + 2, None)
    assert [(each.limit, each.used) for each in second.readings(POOL, NOW + 2, limits)] == [
        ("rpm", 2)
    ]
    first.close()
    second.close()


def test_what_is_under_way_past_its_deadline_counts_in_full_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpm=1)
    lost = SqliteLedger(path, NOW)
    lost.reserve(POOL, NOW, limits, ONE, NOW + 30)
    ledger = SqliteLedger(path, NOW)
    assert ledger.reserve(POOL, NOW + 29, limits, ONE, NOW + 40)[0] == Busy("rpm")
    assert not isinstance(ledger.reserve(POOL, NOW + 80, limits, ONE, NOW + 90)[0], Admitted)
    assert isinstance(ledger.reserve(POOL, NOW + 92, limits, ONE, NOW + 99)[0], Admitted)
    ledger.close()
    lost.close()


_CLIENT = """
import sys, time
from botticelli.compiler.semantics.limits import Admitted, Demand, Limits, Usage
from botticelli.runtime.shell.ledger import Pool, SqliteLedger
from pathlib import Path

ledger = SqliteLedger(Path(sys.argv[1]), time.time())
pool = Pool("gemini", "account", "gemini-2.5-flash")
admitted = 0
while True:
    now = time.time()
    decision, number = ledger.reserve(pool, now, Limits(rpd=100), Demand(1, 1, 2), now + 60)
    if not isinstance(decision, Admitted):
        break
    admitted += 1
    if sys.argv[2] == "hang" and admitted == 5:
        print("hanging", flush=True)
        time.sleep(60)
    ledger.settle(pool, number, time.time(), Usage(1, 1))
print(admitted)
"""


def start(path: Path, manner: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _CLIENT, str(path), manner], stdout=subprocess.PIPE, text=True
    )


def test_processes_together_never_pass_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    clients = [start(path, "run") for _ in range(3)]
    admitted = [int(client.communicate(timeout=30)[0]) for client in clients]
    assert sum(admitted) == 100


def test_what_a_killed_process_had_sent_counts_in_full(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    killed = start(path, "hang")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "hanging\n"
    os.kill(killed.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    other = start(path, "run")
    assert int(other.communicate(timeout=30)[0]) == 95
    now = time.time()
    ledger = SqliteLedger(path, now)
    # Nobody waits for its request any more, but the provider may count it until its deadline.
    decision, number = ledger.reserve(POOL, now, Limits(max_concurrent=1), ONE, now)
    assert isinstance(decision, Admitted)
    ledger.settle(POOL, number, now, Usage(0, 0, requests=0))
    decision, _ = ledger.reserve(POOL, now + 61.5, Limits(rpm=1), ONE, now + 70)
    assert isinstance(decision, Later)
    assert now + 55 + MINUTE <= decision.at <= now + 60 + SLACK + MINUTE
    assert isinstance(ledger.reserve(POOL, decision.at, Limits(rpm=1), ONE, now + 200)[0], Admitted)
    ledger.close()


BOOT = "one time of the machine's"
BACK = 3600.0


@pytest.mark.parametrize("later", [-BACK, BACK])
def test_processes_agree_on_what_a_minute_is_whenever_the_clock_is_set(
    tmp_path: Path, later: float
) -> None:
    """The second process began after the clock was put back, or forward, by an hour."""
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpm=2, rpd=100)
    first = SqliteLedger(path, NOW, Timebase(BOOT, 1000.0))
    second = SqliteLedger(path, NOW + later, Timebase(BOOT, 1000.0 + later))
    _, one = first.reserve(POOL, NOW, limits, ONE, NOW + 10)
    first.settle(POOL, one, NOW + 1, Usage(1, 1))
    _, two = second.reserve(POOL, NOW + later + 2, limits, ONE, NOW + later + 10)
    second.settle(POOL, two, NOW + later + 3, Usage(1, 1))
    assert first.reserve(POOL, NOW + 5, limits, ONE, NOW + 15)[0] == Later(
        "rpm", NOW + 1 + SLACK + MINUTE
    )
    decision, _ = second.reserve(POOL, NOW + later + 6, limits, ONE, NOW + later + 15)
    assert decision == Later("rpm", NOW + later + 1 + SLACK + MINUTE)
    for ledger in (first, second):
        ledger.close()


def test_a_clock_that_went_back_forgets_nothing(tmp_path: Path) -> None:
    """Between two times of the machine there is nothing but what was written."""
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpm=5, rpd=1)
    ledger = SqliteLedger(path, NOW, Timebase("before", 0.0))
    _, number = ledger.reserve(POOL, NOW, limits, ONE, NOW + 10)
    ledger.settle(POOL, number, NOW + 1, Usage(1, 1))
    ledger.close()
    ledger = SqliteLedger(path, NOW - BACK, Timebase("after", 0.0))
    decision, _ = ledger.reserve(POOL, NOW - BACK, limits, ONE, NOW)
    assert isinstance(decision, Exhausted)
    ledger.close()


def test_what_a_clock_noted_that_was_years_ahead_comes_to_an_end(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpd=1)
    years = 4 * 365 * DAY
    ledger = SqliteLedger(path, NOW + years)
    _, number = ledger.reserve(POOL, NOW + years, limits, ONE, NOW + years + 10)
    ledger.settle(POOL, number, NOW + years + 1, Usage(1, 1))
    ledger.close()
    ledger = SqliteLedger(path, NOW)
    decision, _ = ledger.reserve(POOL, NOW, limits, ONE, NOW + 10)
    assert decision == Exhausted("rpd", 1, 1, NOW + SLACK + DAY)
    ledger.close()
    ledger = SqliteLedger(path, NOW + DAY)
    assert isinstance(ledger.reserve(POOL, NOW + DAY + 2, limits, ONE, NOW + DAY + 10)[0], Admitted)
    ledger.close()


def test_a_clock_that_is_years_ahead_for_once_makes_nothing_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    limits = Limits(rpd=1)
    ledger = SqliteLedger(path, NOW)
    _, number = ledger.reserve(POOL, NOW, limits, ONE, NOW + 10)
    ledger.settle(POOL, number, NOW + 1, Usage(1, 1))
    ledger.close()
    SqliteLedger(path, NOW + 4 * 365 * DAY).close()
    ledger = SqliteLedger(path, NOW + 60)
    assert isinstance(ledger.reserve(POOL, NOW + 60, limits, ONE, NOW + 70)[0], Exhausted)
    ledger.close()


def test_a_ledger_of_an_earlier_version_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteLedger(path, NOW)
    _, number = ledger.reserve(POOL, NOW, Limits(rpd=1), ONE, NOW + 10)
    ledger.settle(POOL, number, NOW + 1, Usage(1, 1))
    ledger.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for column in ("boot", "origin"):
            connection.execute(f"ALTER TABLE requests DROP COLUMN {column}")
    ledger = SqliteLedger(path, NOW + 60, Timebase(BOOT, 0.0))
    assert isinstance(ledger.reserve(POOL, NOW + 60, Limits(rpd=1), ONE, NOW)[0], Exhausted)
    ledger.close()


def damaged(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)


def no_database(path: Path) -> None:
    path.write_text("a text that somebody has put here")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_folder_that_is_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


def a_folder_to_read_only(path: Path) -> None:
    path.parent.chmod(0o500)


SPOILT = [damaged, no_database, a_folder, a_folder_that_is_a_file]
if sys.platform != "win32" and os.geteuid() != 0:  # root may write everywhere
    SPOILT.append(a_folder_to_read_only)


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_run_without_a_ledger_says_so_and_keeps_its_own_books(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    surroundings = {"XDG_STATE_HOME": str(tmp_path / "state")}
    path = ledger_path(surroundings)
    path.parent.mkdir(parents=True)
    spoil(path)
    made = program(narrative(act("a", "Hello", model="local"), carousel=carousel(3)))
    with listening(lambda path, headers, data: Reply(completion("said"))) as address:
        run = perform(
            made,
            tmp_path,
            "openai",
            environment={"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none"},
            providers={"openai": {"models": {"local": {"rpd": 2}}}},
        )
    (warning,) = run.saw(Warned)
    assert str(path) in warning.message
    assert "limits count this run alone" in warning.message
    assert (run.report.status, run.report.completed) == ("exhausted", 2)


def test_a_ledger_that_is_damaged_on_the_way_ends_the_run_in_words(tmp_path: Path) -> None:
    path = ledger_path({"XDG_STATE_HOME": str(tmp_path / "state")})
    made = program(narrative(act("a", "Hello", model="local"), carousel=carousel(3)))

    def take(_: str, headers: Any, data: bytes) -> Reply:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE IF EXISTS requests")
            connection.commit()
        return Reply(completion("said"))

    with listening(take) as address, pytest.raises(StoreError, match="the ledger of requests"):
        perform(
            made,
            tmp_path,
            "openai",
            environment={"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none"},
        )


QUOTA = """
[defaults]
driver = "openai"
model = "local"
max_tokens = 50
[providers.openai.models.local]
rpd = 6
"""

SHARED = """
[narrative]
name = "{name}"
[toc]
order = ["say"]
[carousel]
iterations = 6
[acts]
say = "{name}"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_two_processes_share_a_quota_and_one_of_them_is_killed(tmp_path: Path) -> None:
    """Six requests a day: one is lost with the process that sent it, five are left."""
    asked: list[str] = []
    arrived = threading.Event()

    def take(path: str, headers: Any, data: bytes) -> Reply:
        said = json.loads(data)["messages"][-1]["content"]
        asked.append(said)
        if said == "slow":
            arrived.set()
            return Reply(completion("late"), slow=3)
        return Reply(completion("said"))

    (tmp_path / "botticelli.toml").write_text(QUOTA)
    for name in ("slow", "fast"):
        (tmp_path / f"{name}.toml").write_text(SHARED.format(name=name))
    command = [sys.executable, "-c", "from botticelli.cli.main import main; main()", "exec"]
    with listening(take) as address:
        environment = {
            **os.environ,
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "OPENAI_BASE_URL": address,
            "OPENAI_API_KEY": "sk-none",
        }
        slow = subprocess.Popen(
            [*command, "slow.toml", "-q"], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
        )
        assert arrived.wait(20)
        slow.kill()
        slow.wait()
        fast = subprocess.run(
            [*command, "fast.toml", "--no-color"],
            check=False,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert fast.returncode == 1
    assert "CarouselBudgetExhausted after 5 of 6 iterations" in fast.stdout
    assert Counter(asked) == {"slow": 1, "fast": 5}
    ledger = (tmp_path / "state" / "botticelli" / "ledger.sqlite").read_bytes()
    assert b"sk-none" not in ledger


def test_a_simulation_uses_up_nothing(tmp_path: Path) -> None:
    made = program(narrative(act("a", "Hello"), carousel=carousel(5)))
    for _ in range(60):
        assert perform(made, tmp_path).report.status == "completed"
    assert not ledger_path({"XDG_STATE_HOME": str(tmp_path / "state")}).exists()


def test_the_file_stands_in_the_users_state_directory(tmp_path: Path) -> None:
    assert (
        ledger_path({"XDG_STATE_HOME": "/state"})
        .as_posix()
        .endswith("/state/botticelli/ledger.sqlite")
    )
    if sys.platform != "win32":
        assert ledger_path({}) == Path.home() / ".local/state/botticelli/ledger.sqlite"
