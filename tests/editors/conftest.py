"""The engines that colour a narrative in an editor, run on real files without a screen.

VS Code's tokeniser runs under node, with the extension and with base grammars from npm; Vim and
Neovim run headless with the same syntax files. All answer in one form: for each line the runs of
characters and the names that the editor gave them. An engine that is missing skips its tests and
says how to get it, except in continuous integration, where it must be there.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import NoReturn

import pytest
from coloured import HERE, ROOT, Groups, Lines, Run, Tokenize

INSTALL_SECONDS = 300
RUN_SECONDS = 120


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node() -> str:
    """The node executable, with the packages of package-lock.json installed beside the tests."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        _unavailable("VS Code's tokeniser needs node (18 or newer) and npm on the PATH")
    installed = HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < _lock_time():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = _run(command, HERE, INSTALL_SECONDS)
        if done.returncode != 0:
            _unavailable(
                f"`npm ci` in tests/editors failed; it needs the npm registry: {done.stderr}"
            )
        installed.touch()
    return found


def _lock_time() -> float:
    return (HERE / "package-lock.json").stat().st_mtime


@pytest.fixture(scope="session")
def tokenize(node: str) -> Iterator[Tokenize]:
    """Scopes from VS Code's engine: base grammar, file, whether the extension is there."""
    command = [node, str(HERE / "tokenize.mjs"), str(ROOT / "editors" / "vscode")]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8") as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        requests, answers = engine.stdin, engine.stdout

        def run(base: str, path: Path, inject: bool) -> Lines:
            request = {"base": base, "inject": inject, "file": str(path)}
            print(json.dumps(request), file=requests, flush=True)
            answer = answers.readline()
            assert answer, "VS Code's tokeniser stopped; its message is above"
            lines = json.loads(answer)
            return [[Run(start, end, tuple(names)) for start, end, names in line] for line in lines]

        yield run


@pytest.fixture(scope="session", params=["vim", "nvim"])
def vim(request: pytest.FixtureRequest) -> str:
    """Vim and Neovim, each built with syntax highlighting."""
    name: str = request.param
    found = shutil.which(name)
    probe = ["-u", "NONE", "-i", "NONE", "-es", "-c", "if has('syntax') | qall! | endif | cquit"]
    if found is not None and _run([found, *probe], HERE, RUN_SECONDS).returncode == 0:
        return found
    package = {"vim": "vim", "nvim": "neovim"}[name]
    _unavailable(f"the syntax files need {name} on the PATH: `apt-get install {package}`")


@pytest.fixture(scope="session")
def groups(vim: str, tmp_path_factory: pytest.TempPathFactory) -> Groups:
    """Highlight groups from Vim: file, whether the plugin is on the runtime path."""
    folder = tmp_path_factory.mktemp("vim")
    plugin = ROOT / "editors" / "vim"

    def run(path: Path, enabled: bool) -> Lines:
        out = folder / "groups.json"
        out.unlink(missing_ok=True)
        runtime = (
            f"set runtimepath^={plugin} runtimepath+={plugin}/after" if enabled else "set hidden"
        )
        command = [vim, "-u", "NONE", "-i", "NONE", "-N", "-n", "-es"]
        command += ["--cmd", runtime, "--cmd", "filetype on", "--cmd", "syntax on"]
        command += [
            "--cmd",
            f"let g:groups_file = '{out}'",
            str(path),
            "-S",
            str(HERE / "groups.vim"),
        ]
        done = _run(command, HERE, RUN_SECONDS)
        assert out.exists(), done.stdout + done.stderr
        answer = json.loads(out.read_text(encoding="utf-8"))
        assert not answer["errors"], answer["errors"]
        return [[Run(start, end, (name,)) for start, end, name in line] for line in answer["lines"]]

    return run


def _run(
    command: list[str], folder: Path, seconds: int, text: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
