"""Who runs a run: a lock that the system takes back when its process dies, however it dies."""

import contextlib
import os
import sys
import time
from pathlib import Path


class RunLock:
    """The lock of one run: a file in the project's `.botticelli/`, there while the run lasts."""

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / f"{run}.lock"
        self._handle: int | None = None

    def acquire(self, *, patience: float = 0.0) -> bool:
        """Take the lock; false when another process, or another run of this one, has it, and keeps
        it for `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(handle):
                os.close(handle)
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)
                continue
            if _is_still(self._path, handle):
                self._handle = handle
                return True
            # Its last holder has deleted the file since it was opened.
            os.close(handle)

    def release(self) -> None:
        if self._handle is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._handle)
        self._handle = None
        if sys.platform == "win32":  # where an open file cannot be deleted
            with contextlib.suppress(OSError):
                self._path.unlink()


def is_running(folder: Path, run: str) -> bool:
    """Tell whether a process is at a run."""
    path = folder / f"{run}.lock"
    if not path.exists():
        return False
    lock = RunLock(folder, run)
    if not lock.acquire():
        return True
    lock.release()
    return False


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
