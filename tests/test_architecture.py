"""Arrows between the rooms point one way, and what is heavy is imported only when it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("cli", "compiler", "grammar", "runtime")
MAY_IMPORT = {
    "grammar": ("botticelli.grammar",),
    "compiler": ("botticelli.compiler", "botticelli.grammar"),
    "runtime": (
        "botticelli.runtime",
        "botticelli.compiler.ir",
        "botticelli.compiler.semantics",
    ),
    "cli": ("botticelli",),
}
HEAVY = {"lark", "jinja2", "yaml", "httpx", "google", "rich", "sqlalchemy", "asyncio"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            yield node.module


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] == "botticelli"
        and not any(
            name == allowed or name.startswith(f"{allowed}.") for allowed in MAY_IMPORT[room]
        )
    }

    assert wrong == set()


def test_every_module_opens_with_what_lives_there() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]

    assert silent == []


def test_every_package_is_installed() -> None:
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = set(listed["tool"]["setuptools"]["packages"])
    found = {
        ".".join(("botticelli", *path.parent.relative_to(ROOT).parts))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }

    assert found == packages


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys\n"
        f"sys.argv = ['botticelli', *{arguments!r}]\n"
        "from botticelli.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_the_version_is_said_without_loading_anything_heavy() -> None:
    assert loaded_by("--version") & HEAVY == set()


def test_a_clean_file_without_templates_is_checked_without_anything_heavy(tmp_path: Path) -> None:
    file = tmp_path / "plain.toml"
    file.write_text(
        '[narrative]\nname = "plain"\n[toc]\norder = ["a"]\n[acts]\na = "Hello"\n', "utf-8"
    )

    assert loaded_by("check", str(file)) & HEAVY == set()
