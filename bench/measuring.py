"""What the measurements share: an environment with the project and its peers, and times compared.

All commands run from one byte-compiled virtual environment, alternately, each as a new process, and
after runs of each that do not count. Medians are compared: what matters to a person or a commit
hook is how long a command takes, process start included.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

BENCH = Path(__file__).resolve().parent
PROJECT = BENCH.parent
WARM_UPS = 2


def options(description: str | None, runs: int) -> argparse.Namespace:
    """Return the options that every measurement has."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument(
        "--venv",
        type=Path,
        help="an environment with botticelli and its peers; without it, one is made",
    )
    parser.add_argument("--runs", type=int, default=runs, help=f"timed runs of each ({runs})")
    return parser.parse_args()


def make_venv(folder: Path, peers: Sequence[str]) -> Path:
    """Make an environment with the project, as it would be installed, and its peers."""
    print(f"Installing botticelli and {' and '.join(peers)} ...", flush=True)
    copy = folder / "project"
    # Built from a copy, for a build leaves files behind in the folder that it is made from.
    unwanted = shutil.ignore_patterns(".*", "build", "dist", "node_modules", "*.egg-info")
    shutil.copytree(PROJECT, copy, ignore=unwanted)
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [command(venv, "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    locked = ["--constraint", str(PROJECT / "requirements.lock")]
    subprocess.run([*pip, *locked, str(copy), *peers], check=True)
    return venv


def compile_bytecode(venv: Path) -> None:
    """Compile all installed modules, so that no run pays for it.

    Some packages hold files that no Python compiles; that is no reason to stop.
    """
    compile_all = [command(venv, "python"), "-m", "compileall", "-q", "-j", "0", str(venv)]
    subprocess.run(compile_all, check=False, stdout=subprocess.DEVNULL, env=environment())


def command(venv: Path, name: str) -> str:
    """Return the path of a command of an environment."""
    scripts = venv.absolute() / ("Scripts" if os.name == "nt" else "bin")
    return str(scripts / (f"{name}.exe" if os.name == "nt" else name))


def compare(
    ours: tuple[str, Sequence[str]],
    theirs: tuple[str, Sequence[str]],
    *,
    claim: float,
    work: Path,
    runs: int,
    before: Callable[[], None] = lambda: None,
) -> int:
    """Time two commands, each with its name, and print how they compare.

    ``before`` is called before each run. Returns 0 when the ratio of the medians is below
    ``claim``, 1 when it is not, 2 when it cannot be measured.
    """
    for _, each in (ours, theirs):
        if (problem := _problem(each, work)) is not None:
            print(f"Cannot measure: {problem}", file=sys.stderr)
            return 2
    times: dict[str, list[float]] = {ours[0]: [], theirs[0]: []}
    pair = [ours, theirs]
    for run in range(-WARM_UPS, runs):
        for name, each in pair:
            before()
            seconds = _timed(each, work)
            if run >= 0:
                times[name].append(seconds)
        pair.reverse()  # neither is always the one that runs after the other
    for name, measured in times.items():
        shown = [f"{each * 1000:6.1f} ms" for each in (median(measured), *_ends(measured))]
        print(f"{name:<28}  median {shown[0]}   min {shown[1]}   max {shown[2]}")
    ratio = median(times[ours[0]]) / median(times[theirs[0]])
    holds = ratio < claim
    print(f"ratio of the medians  {ratio:.2f}, claimed below {claim}: {'yes' if holds else 'NO'}")
    return 0 if holds else 1


def forget_results(folder: Path) -> None:
    """Delete the results that a check has kept."""
    shutil.rmtree(folder / ".botticelli", ignore_errors=True)


def environment() -> dict[str, str]:
    """Return the environment without settings that change how Python starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _ends(times: Sequence[float]) -> tuple[float, float]:
    return min(times), max(times)


def _problem(arguments: Sequence[str], work: Path) -> str | None:
    """Run a command once: it must exist and find nothing wrong with the files."""
    try:
        done = subprocess.run(
            arguments, cwd=work, env=environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        return f"{arguments[0]}: {error}"
    if done.returncode:
        name = Path(arguments[0]).name
        return f"{name} exits with {done.returncode}\n{done.stdout}{done.stderr}"
    return None


def _timed(arguments: Sequence[str], work: Path) -> float:
    """Return how long a run takes in seconds, process start included."""
    env = environment()
    begun = time.perf_counter()
    subprocess.run(arguments, cwd=work, env=env, capture_output=True, check=True)
    return time.perf_counter() - begun
