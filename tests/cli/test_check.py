"""`botticelli check` as it is called: exit codes, formats, colours, and paths of every kind."""

import json
import os
import subprocess
from pathlib import Path

import pytest

GOOD = '[narrative]\nname = "good"\ntoc = ["a"]\n\n[acts]\na = { prompt = "Hi.", max_tokens = 9 }\n'
WARNED = GOOD.replace("good", "warned") + 'b = { prompt = "Never.", max_tokens = 9 }\n'
BAD = GOOD.replace("good", "bad").replace("prompt", "promt")


def _write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def test_nothing_wrong_is_0(run, tmp_path: Path) -> None:
    _write(tmp_path, good=GOOD)

    done = run("check", "good.toml")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_finding_is_1_and_goes_to_standard_output(run, tmp_path: Path) -> None:
    _write(tmp_path, bad=BAD)

    done = run("check", "bad.toml", "--format", "concise")

    assert done.returncode == 1
    assert done.stdout == "bad.toml:6:7: BOT103 error: unknown key `promt` in act `a`\n"
    assert done.stderr == ""


def test_a_warning_is_1_unless_only_errors_are_to_fail(run, tmp_path: Path) -> None:
    _write(tmp_path, warned=WARNED)

    assert run("check", "warned.toml").returncode == 1
    assert run("check", "warned.toml", "--fail-on", "error").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere.toml",),
        ("good.toml", "nowhere"),
        ("good.toml", "--format", "xml"),
        ("--what",),
    ],
)
def test_wrong_usage_is_2_and_goes_to_standard_error(run, tmp_path: Path, arguments) -> None:
    _write(tmp_path, good=GOOD)

    done = run("check", *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error" in done.stderr


def test_a_missing_path_is_named(run) -> None:
    assert "'no where.toml' does not exist" in run("check", "no where.toml").stderr


def test_an_unknown_command_is_guessed(run) -> None:
    done = run("chek", "x.toml")

    assert done.returncode == 2
    assert "Did you mean `check`?" in done.stderr


def test_json_is_one_document_with_the_places_that_its_schema_describes(run, tmp_path) -> None:
    import jsonschema

    _write(tmp_path, bad=BAD, good=GOOD)
    schema = Path(__file__).parents[2] / "docs" / "check-output.schema.json"

    done = run("check", ".", "--format", "json")

    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(schema.read_text("utf-8")))
    assert found["summary"] == {"files": 2, "errors": 1, "warnings": 0, "infos": 0}
    (diagnostic,) = found["diagnostics"]
    assert diagnostic["path"] == "bad.toml"
    assert diagnostic["span"]["start"] == {
        "line": 6,
        "column": 7,
        "offset": BAD.encode().index(b"promt"),
    }
    assert diagnostic["fix"]["edits"][0]["text"] == "prompt"


def test_quiet_says_it_by_the_exit_code_alone(run, tmp_path: Path) -> None:
    _write(tmp_path, bad=BAD)

    done = run("check", "bad.toml", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize(
    ("env", "options", "colored"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"FORCE_COLOR": "1"}, ("--no-color",), False),
        ({"FORCE_COLOR": "1"}, ("--format", "json"), False),
    ],
)
def test_colours(run, tmp_path: Path, env, options, colored: bool) -> None:
    _write(tmp_path, bad=BAD)

    done = run("check", "bad.toml", *options, env=env)

    assert ("\x1b[" in done.stdout) is colored


def test_a_folder_stands_for_the_narratives_in_it(run, tmp_path: Path) -> None:
    _write(tmp_path, bad=BAD, good=GOOD, pyproject='[tool.x]\nname = "x"\n')
    (tmp_path / "sub").mkdir()
    _write(tmp_path / "sub", worse=BAD)

    done = run("check", ".", "--format", "concise")

    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "bad.toml",
        "sub/worse.toml",
    ]


def test_an_empty_folder_has_nothing_wrong(run) -> None:
    assert run("check", ".").returncode == 0


def test_what_git_ignores_is_passed_over_unless_it_is_named(run, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("drafts/\nignored.toml\n", encoding="utf-8")
    (tmp_path / "drafts").mkdir()
    _write(tmp_path, good=GOOD, ignored=BAD)
    _write(tmp_path / "drafts", bad=BAD)

    assert run("check", ".").returncode == 0
    assert run("check", "ignored.toml").returncode == 1


def test_an_ignored_narrative_cannot_be_referred_to(run, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("old_*\n", encoding="utf-8")
    caller = GOOD.replace('{ prompt = "Hi.", max_tokens = 9 }', '{ narrative = "good" }')
    _write(tmp_path, old_one=GOOD, caller=caller.replace('name = "good"', 'name = "caller"'))

    done = run("check", "caller.toml", "--format", "concise")

    assert "BOT203" in done.stdout


def test_the_same_file_by_two_paths_is_checked_once(run, tmp_path: Path) -> None:
    _write(tmp_path, bad=BAD)

    done = run(
        "check", "bad.toml", "./bad.toml", str(tmp_path / "bad.toml"), ".", "--format=concise"
    )

    assert len(done.stdout.splitlines()) == 1


def test_paths_are_shown_from_where_one_stands(run, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    _write(tmp_path, bad=BAD)

    done = run("check", "../bad.toml", "--format", "concise", cwd=tmp_path / "here")

    assert done.stdout.startswith("../bad.toml:6:7:")


@pytest.mark.parametrize(
    "name", ["--odd.toml", "-.toml", "sp ace.toml", "ümläut.toml", "new\nline.toml", "a:1:2.toml"]
)
def test_odd_names(run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BAD, encoding="utf-8")

    done = run("check", "--format", "json", "--", name)

    assert done.returncode == 1
    assert json.loads(done.stdout)["diagnostics"][0]["path"] == name


def test_a_file_that_may_not_be_read_is_said(run, tmp_path: Path) -> None:
    if os.geteuid() == 0:  # may read every file, but not the start of its own memory
        (tmp_path / "secret.toml").symlink_to("/proc/self/mem")
    else:
        _write(tmp_path, secret=GOOD)
        (tmp_path / "secret.toml").chmod(0)

    done = run("check", "secret.toml")

    assert done.returncode in {1, 2}
    assert "secret.toml" in done.stdout + done.stderr


def test_links_and_pipes_in_a_folder_are_no_obstacle(run, tmp_path: Path) -> None:
    (tmp_path / "dangling.toml").symlink_to("nowhere.toml")
    (tmp_path / "round").symlink_to(".", target_is_directory=True)
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    _write(tmp_path, good=GOOD)

    done = run("check", ".")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"\xff\xfe[\0", b"[", b"{" * 5000, b"\xef\xbb\xbf", b"a: &a [*a]", b"\r\r\n\x85"],
    ids=repr,
)
@pytest.mark.parametrize("suffix", ["toml", "yaml", "md"])
def test_no_content_yields_a_traceback(run, tmp_path: Path, data: bytes, suffix: str) -> None:
    (tmp_path / f"x.{suffix}").write_bytes(data)

    done = run("check", f"x.{suffix}")

    assert done.returncode == 1
    assert "BOT1" in done.stdout
