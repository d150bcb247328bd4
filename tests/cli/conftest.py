"""The command line as a user has it: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `botticelli` with arguments in the test's folder, with a bare environment."""

    def botticelli(
        *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = tmp_path
    ) -> subprocess.CompletedProcess[str]:
        completed = subprocess.run(
            [sys.executable, "-m", "botticelli.cli", *arguments],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert "Traceback" not in completed.stderr
        assert completed.returncode in {0, 1, 2}, completed.stderr
        return completed

    return botticelli
