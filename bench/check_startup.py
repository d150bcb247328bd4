"""How long `botticelli check` takes on one small file, beside a mere schema check of the same file.

Both commands run from one byte-compiled virtual environment, alternately, each as a new process and
without cached results. The claim: the median of `botticelli check` is below 0.6 of the median of
`check-jsonschema`. Exits with 1 when the claim does not hold, with 2 when it cannot be measured.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

CLAIM = 0.6
BENCH = Path(__file__).resolve().parent
PROJECT = BENCH.parent
FILE = "small.toml"
SCHEMA = "small.schema.json"
WARM_UPS = 2


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="botticelli-bench-") as temporary:
        folder = Path(temporary)
        venv = options.venv or _make_venv(folder)
        _compile_bytecode(venv)
        work = folder / "work"
        work.mkdir()
        for name in (FILE, SCHEMA):
            shutil.copy(BENCH / name, work)
        ours = [_command(venv, "botticelli"), "check", FILE]
        theirs = [_command(venv, "check-jsonschema"), "--schemafile", SCHEMA, FILE]
        return _compare(ours, theirs, work, options.runs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--venv",
        type=Path,
        help="an environment with botticelli and check-jsonschema; without it, one is made",
    )
    parser.add_argument("--runs", type=int, default=21, help="timed runs of each (21)")
    return parser.parse_args()


def _make_venv(folder: Path) -> Path:
    """Make an environment with the project, as it would be installed, and its peer."""
    print("Installing botticelli and check-jsonschema ...", flush=True)
    copy = folder / "project"
    # Built from a copy, for a build leaves files behind in the folder that it is made from.
    unwanted = shutil.ignore_patterns(".*", "build", "dist", "node_modules", "*.egg-info")
    shutil.copytree(PROJECT, copy, ignore=unwanted)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [_command(venv, "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    locked = ["--constraint", str(PROJECT / "requirements.lock")]
    subprocess.run([*pip, *locked, str(copy), "check-jsonschema"], check=True)
    return venv


def _compile_bytecode(venv: Path) -> None:
    """Compile all installed modules, so that no run pays for it.

    Some packages hold files that no Python compiles; that is no reason to stop.
    """
    command = [_command(venv, "python"), "-m", "compileall", "-q", "-j", "0", str(venv)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


def _command(venv: Path, name: str) -> str:
    scripts = venv.absolute() / ("Scripts" if os.name == "nt" else "bin")
    return str(scripts / (f"{name}.exe" if os.name == "nt" else name))


def _compare(ours: Sequence[str], theirs: Sequence[str], work: Path, runs: int) -> int:
    for command in (ours, theirs):
        if (problem := _problem(command, work)) is not None:
            print(f"Cannot measure: {problem}", file=sys.stderr)
            return 2
    our_times: list[float] = []
    their_times: list[float] = []
    pairs = [(ours, our_times), (theirs, their_times)]
    for run in range(-WARM_UPS, runs):
        for command, times in pairs:
            seconds = _timed(command, work)
            if run >= 0:
                times.append(seconds)
        pairs.reverse()  # neither is always the one that runs after the other
    ratio = median(our_times) / median(their_times)
    _print_row("botticelli check", our_times)
    _print_row("check-jsonschema", their_times)
    holds = ratio < CLAIM
    print(f"ratio of the medians  {ratio:.2f}, claimed below {CLAIM}: {'yes' if holds else 'NO'}")
    return 0 if holds else 1


def _problem(command: Sequence[str], work: Path) -> str | None:
    """Run a command once: it must exist and find nothing wrong with the file."""
    try:
        done = subprocess.run(
            command, cwd=work, env=_environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        return f"{command[0]}: {error}"
    if done.returncode:
        return f"{Path(command[0]).name} exits with {done.returncode}\n{done.stdout}{done.stderr}"
    return None


def _timed(command: Sequence[str], work: Path) -> float:
    """Return how long a run takes in seconds, process start included."""
    shutil.rmtree(work / ".botticelli", ignore_errors=True)  # where results are cached
    environment = _environment()
    begun = time.perf_counter()
    subprocess.run(command, cwd=work, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _environment() -> dict[str, str]:
    """Return the environment without settings that change how Python starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _print_row(name: str, times: Sequence[float]) -> None:
    shown = [f"{seconds * 1000:6.1f} ms" for seconds in (median(times), min(times), max(times))]
    print(f"{name:<20}  median {shown[0]}   min {shown[1]}   max {shown[2]}")


if __name__ == "__main__":
    sys.exit(main())
