"""The ledger: what a run used is known to the next, and to those beside it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from programs import act, carousel, narrative, perform, program

from botticelli.compiler.semantics.limits import Admitted, Busy, Demand, Exhausted, Limits, Usage
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
    ledger = SqliteLedger(path, time.time())
    # Its request under way is over, now that nobody is there to wait for it.
    decision, _ = ledger.reserve(POOL, time.time(), Limits(max_concurrent=1), ONE, time.time())
    assert isinstance(decision, Admitted)
    ledger.close()


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
