"""The page in a real browser: it loads without a word of complaint, and its script runs.

Not collected by itself, since a browser is large. With chromium (`apt-get install chromium`):

    pytest tests/explain/browser_page.py
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEWSROOM = ROOT / "tests/explain/narratives/newsroom.toml"
COMPLAINTS = re.compile(r"CONSOLE|Refused to|Uncaught", re.IGNORECASE)


@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_has_nothing_to_complain_of(width: int, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = ["compile", "--explain", str(NEWSROOM), "--format", "html", "-o", str(page)]
    subprocess.run([sys.executable, "-m", "botticelli.cli", *command], check=True)
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser is not None, "chromium is not installed"

    picture = tmp_path / "page.png"
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--window-size={width},2000",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert COMPLAINTS.findall(done.stderr) == []
    assert picture.stat().st_size > 20_000
