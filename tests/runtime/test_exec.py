"""`botticelli exec` and `botticelli runs`, as a user sees them."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from servers.gemini import KEY, GeminiServer, refuses, says

from botticelli.cli.main import cli

BOTTICELLI = [sys.executable, "-c", "from botticelli.cli.main import main; main()"]

SOURCE = """
[narrative]
name = "hello"

[toc]
order = ["greet", "answer"]

[acts]
greet = "Greet {{ vars.who }}."
answer = "Answer: {{ greet }}"
"""

CAROUSEL = """
[narrative]
name = "rounds"
[toc]
order = ["say"]
[carousel]
iterations = 4
every = "1s"
[acts]
say = "Say {{ iteration }}."
"""

VARIABLES = """
[vars]
who = { type = "text(1..40)", default = "Simonetta" }
times = { type = "int(1..9)", default = 3 }
tags = { type = "list[text]", default = [] }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "botticelli").mkdir(parents=True)
    user = tmp_path / "config" / "botticelli" / "botticelli.toml"
    user.write_text('[check]\nignore = ["BOT508"]\n')
    (tmp_path / "botticelli.toml").write_text(VARIABLES)
    (tmp_path / "hello.toml").write_text(SOURCE)
    (tmp_path / "rounds.toml").write_text(CAROUSEL)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def simulate(*arguments: str) -> Result:
    return call("exec", "hello.toml", "--driver", "simulate", *arguments)


def simulate_file(name: str) -> Result:
    return call("exec", name, "--driver", "simulate")


def test_a_run_says_what_it_did_and_where_the_results_are(project: Path) -> None:
    result = simulate()
    assert result.exit_code == 0, result.output
    assert "a simulation: no model is asked" in result.stdout
    assert "Completed: 1 of 1 run" in result.stdout
    assert "2 requests" in result.stdout
    assert "  results  botticelli runs show 20" in result.stdout
    assert (project / ".botticelli" / ".gitignore").read_text() == "*\n"


def test_runs_can_be_listed_and_shown(project: Path) -> None:
    simulate()
    simulate("--var", "who=Clarice")
    listed = call("runs", "list").stdout.splitlines()
    assert len(listed) == 2
    assert all("completed" in line and "hello" in line for line in listed)
    latest = call("runs", "show").stdout
    assert "greet (gemini-2.5-flash" in latest
    assert "[simulated answer" in latest
    first = listed[1].split()[0]
    assert call("runs", "show", first).stdout.startswith(first)
    assert call("runs", "show", "nothing").exit_code == 1
    assert call("runs", "show", first[:2]).exit_code == 2


def test_without_a_run_there_is_nothing_to_show(project: Path) -> None:
    result = call("runs", "list")
    assert result.exit_code == 1
    assert "Nothing has been run" in result.stderr
    assert not (project / ".botticelli").exists()


def test_events_are_written_as_json_lines(project: Path) -> None:
    simulate("--events", "events.jsonl")
    events = [json.loads(line) for line in (project / "events.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == [
        "run-started",
        *(
            [
                "act-started",
                "request-reserved",
                "request-sent",
                "request-settled",
                "answer",
                "act-finished",
            ]
            * 2
        ),
        "nothing-stored",
        "run-finished",
    ]
    assert events[2]["limits"][0] == {"limit": "rpm", "used": 1, "value": 10}
    assert all(event["time"] > 1.6e9 for event in events)
    assert events[-1]["status"] == "completed"


def test_quiet_says_nothing_when_all_is_well(project: Path) -> None:
    assert simulate("--quiet").output == ""
    failed = call("exec", "hello.toml", "-q", "--driver", "simulate:error=400,fail=1")
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert "failed: act greet: simulated" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--driver", "simulat"], "did you mean `simulate`?"),
        (["--driver", "simulate:dealy=1"], "did you mean `delay`?"),
        (["--driver", "simulate:delay=soon"], "must be a number from 0"),
        (["--driver", "simulate:delay"], "NAME:key=value"),
        (["--driver", "simulate", "--tier", "fre"], "did you mean `free`?"),
        (["--driver", "simulate", "--var", "whom=x"], "did you mean `who`?"),
        (["--driver", "simulate", "--var", "times=x"], "takes a whole number from 1 to 9, not"),
        (["--driver", "simulate", "--var", "times=10"], "takes a whole number from 1 to 9, not 10"),
        (["--driver", "simulate", "--var", "who="], "takes text of 1 to 40 characters, not"),
        (["--driver", "simulate", "--var", 'tags=["a", 1]'], "takes text at [1], not 1"),
        (["--driver", "simulate", "--var", "tags=a"], "takes JSON"),
        (["--driver", "simulate", "--var", "who"], "NAME=VALUE"),
        (["--driver", "simulate", "--rpm-multiplier", "0"], "0<x<=1"),
        (["--driver", "simulate", "--rpd-multiplier", "1.5"], "0<x<=1"),
        (["--driver", "simulate", "--narrative", "helo"], "did you mean `hello`?"),
    ],
)
def test_a_wrong_command_line_is_said_to_be_wrong(
    project: Path, arguments: list[str], said: str
) -> None:
    result = call("exec", "hello.toml", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (project / ".botticelli").exists()


def test_a_narrative_with_errors_is_not_run(project: Path) -> None:
    (project / "bad.toml").write_text(SOURCE.replace('"greet", "answer"', '"greet", "anwser"'))
    result = call("exec", "bad.toml", "--driver", "simulate")
    assert result.exit_code == 1
    assert "BOT201" in result.stderr
    assert not (project / ".botticelli").exists()


def test_what_is_silenced_is_not_said_and_what_stands_in_the_way_is(project: Path) -> None:
    source = SOURCE + 'spare = "Not used." # botticelli: ignore[BOT205] for another day\n'
    (project / "spare.toml").write_text(source)
    assert simulate_file("spare.toml").stderr == ""
    assert call("compile", "spare.toml").stderr == ""

    (project / "bad.toml").write_text(
        source.replace('"greet", "answer"', '"greet", "anwser"')
        + "# botticelli: ignore-file[BOT201]"
    )
    result = simulate_file("bad.toml")
    assert result.exit_code == 1
    assert "BOT201" in result.stderr


def test_a_compiled_file_does_not_run_with_a_damaged_configuration(project: Path) -> None:
    assert call("compile", "hello.toml", "-o", "hello.json").exit_code == 0
    (project / "botticelli.toml").write_text("[vars]\ntimes = { type = 'int', defualt = 3 }\n")
    result = simulate_file("hello.json")
    assert result.exit_code == 1
    assert "BOT103" in result.stderr


def test_a_page_is_no_narrative(project: Path) -> None:
    (project / "README.md").write_text("# Hello\n\nacts: are what a narrative is made of.\n")
    for command in ("compile", "exec", "check"):
        result = call(command, "README.md")
        assert result.exit_code == 1
        assert "error[BOT109]" in result.output
        assert "1 error in 1 file" in result.output


def test_what_a_summary_tells_to_type_works_where_it_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = project.parent
    monkeypatch.chdir(above)
    done = call("exec", f"{project.name}/hello.toml", "--driver", "simulate:fail=1,error=400")
    told = [line.split(None, 2)[2] for line in done.stdout.splitlines() if "  botticelli " in line]
    shown, resumed = (call(*shlex.split(each)) for each in told)
    assert "simulated: the request is invalid" in shown.stdout
    assert f"resume it with: botticelli {told[1]}" in shown.stdout
    assert "hello: run " in resumed.stdout


ASKING = """
[narrative]
name = "asking"
toc = ["tell", { if = "vars.mood = 'gay'", then = ["laugh"] }, "call"]
[acts]
tell = "Tell of {{ vars.topic }}{% if vars.words is defined %} in {{ vars.words }}{% endif %}."
laugh = "Laugh."
call = { narrative = "called", with = { who = "{{ vars.name }}" } }
"""
CALLED = """
[narrative]
name = "called"
toc = ["greet"]
[acts]
greet = "Greet {{ vars.who }} from {{ vars.place | default('Florence') }}."
"""


def test_variables_that_nothing_declares_come_from_the_command_line(project: Path) -> None:
    (project / "botticelli.toml").unlink()
    (project / "asking.toml").write_text(ASKING)
    (project / "called.toml").write_text(CALLED)
    result = simulate_file("asking.toml")
    assert result.exit_code == 2
    assert [line.split("'")[1] for line in result.stderr.splitlines()] == ["mood", "topic", "name"]

    given = ("--var", "mood=sad", "--var", "topic=spring", "--var", "name=Clarice")
    assert call("exec", "asking.toml", "--driver", "simulate", *given).exit_code == 0
    more = (*given, "--var", "words=9", "--var", "place=Rome")
    assert call("exec", "asking.toml", "--driver", "simulate", *more).exit_code == 0
    wrong = call("exec", "asking.toml", "--driver", "simulate", *given, "--var", "wrods=9")
    assert wrong.exit_code == 2
    assert "did you mean `words`?" in wrong.stderr


def test_without_a_key_it_says_what_to_set_and_what_to_try(project: Path) -> None:
    result = call("exec", "hello.toml")
    assert result.exit_code == 1
    assert "GEMINI_API_KEY or GOOGLE_API_KEY" in result.stderr
    assert "--driver simulate" in result.stderr


def test_a_compiled_file_runs_without_its_sources(project: Path) -> None:
    assert call("compile", "hello.toml", "-o", "hello.json").exit_code == 0
    (project / "hello.toml").unlink()
    result = call("exec", "hello.json", "--driver", "simulate")
    assert result.exit_code == 0, result.output
    assert call("exec", "hello.json", "--narrative", "other").exit_code == 2
    damaged = (project / "hello.json").read_text().replace('"acts"', '"cats"')
    (project / "hello.json").write_text(damaged)
    assert "damaged" in call("exec", "hello.json", "--driver", "simulate").stderr


def test_an_exhausted_budget_is_said_with_its_limit(project: Path) -> None:
    (project / "botticelli.toml").write_text(
        VARIABLES
        + '[providers.gemini.tiers.tiny]\nrpm = 60\nrpd = 2\n[check]\nignore = ["BOT501"]\n'
    )
    (project / "rounds.toml").write_text(CAROUSEL.replace('every = "1s"', ""))
    result = call("exec", "rounds.toml", "--driver", "simulate", "--tier", "tiny")
    assert result.exit_code == 1
    assert "budget is exhausted: 2 of 4 iterations" in result.stdout
    assert "rpd = 2 (requests per day)" in result.stdout


MANY = """
[narrative]
name = "many"
toc = ["say"]
carousel = { iterations = 300 }
[acts]
say = { input = "Say {{ iteration }}.", max_tokens = 5 }
"""
DAYS = """
[check]
ignore = ["BOT502"]
[providers.gemini.tiers.small]
rpd = 200
[providers.gemini.tiers.large]
rpd = 10_000
"""


@pytest.mark.parametrize(
    ("options", "configured", "refused"),
    [
        (("--driver", "simulate"), "", True),
        (("--driver", "simulate", "--tier", "large"), "", False),
        (("--driver", "simulate", "--tier", "large", "--rpd-multiplier", "0.02"), "", True),
        (("--driver", "simulate"), "simulate", False),
        (("--driver", "record:driver=simulate,file=tale.jsonl"), "simulate", False),
        (("--driver", "simulate"), "gemini", True),
    ],
)
def test_what_a_run_will_ask_with_decides_whether_it_is_refused(
    project: Path, options: tuple[str, ...], configured: str, *, refused: bool
) -> None:
    own = f'[drivers.{configured}]\ntier = "large"\n' if configured else ""
    default = '[providers.gemini]\ndefault_tier = "small"\n'
    (project / "botticelli.toml").write_text(VARIABLES + default + DAYS + own)
    (project / "many.toml").write_text(MANY)

    run = call("exec", "many.toml", *options)
    assert ("error[BOT501]" in run.stderr) is refused, run.output
    assert run.exit_code == int(refused)
    if not options[1].startswith("record"):
        return
    replayed = call("exec", "many.toml", "--driver", "replay:file=tale.jsonl")
    assert replayed.exit_code == 0, replayed.output


def test_notes_of_the_check_are_counted(project: Path) -> None:
    (project / "config" / "botticelli" / "botticelli.toml").unlink()  # it silences the notes
    (project / "notes.toml").write_text(
        '[narrative]\nname = "notes"\ntoc = ["say", "tell"]\n[acts]\nsay = "Say."\ntell = "Tell."\n'
    )
    result = call("exec", "notes.toml", "--driver", "simulate")
    assert result.exit_code == 0, result.output
    assert "2 notes; `botticelli check` shows them" in result.stderr.splitlines()
    assert "BOT508" not in result.stderr
    assert "BOT508" in call("check", "notes.toml").stdout


def test_an_explanation_is_judged_by_the_tier_that_is_asked_for(project: Path) -> None:
    default = '[providers.gemini]\ndefault_tier = "small"\n'
    (project / "botticelli.toml").write_text(VARIABLES + default + DAYS)
    (project / "many.toml").write_text(MANY)

    assert call("compile", "many.toml", "--explain").exit_code == 1
    result = call("compile", "many.toml", "--explain", "--tier", "large")
    assert result.exit_code == 0, result.output
    assert "BOT501" not in result.stderr


def test_caps_of_the_narrative_end_the_run(project: Path) -> None:
    quick = CAROUSEL.replace('every = "1s"', "").replace(
        'say = "Say {{ iteration }}."',
        'say = { input = "Say {{ iteration }}.", retry = { backoff = "10ms" } }',
    )
    (project / "rounds.toml").write_text(quick + "[narrative.limits]\nmax_requests = 4\n")
    result = call("exec", "rounds.toml", "--driver", "simulate:fail=1")
    assert result.exit_code == 1
    assert "max_requests = 4, which caps the run, would be passed" in result.stdout


def run(project: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*BOTTICELLI, "exec", *arguments],
        cwd=project,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_key_shows_nowhere(project: Path, gemini: GeminiServer) -> None:
    gemini.answer(refuses(403, "PERMISSION_DENIED", f"{KEY} may not"), says("never"))
    process = run(
        project,
        "hello.toml",
        "--events",
        "events.jsonl",
        GEMINI_API_KEY=KEY,
        GOOGLE_GEMINI_BASE_URL=gemini.address,
    )
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "*** may not" in stdout
    for path in project.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    assert KEY not in stdout + stderr


def test_two_runs_share_the_day(project: Path, gemini: GeminiServer) -> None:
    (project / "botticelli.toml").write_text(
        VARIABLES + '[providers.gemini.tiers.tiny]\nrpd = 3\n[drivers.gemini]\ntier = "tiny"\n'
    )
    surroundings = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.address}
    first = run(project, "hello.toml", **surroundings)
    first.communicate(timeout=30)
    second = run(project, "hello.toml", **surroundings)
    stdout, _ = second.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 1)
    assert "rpd = 3" in stdout
    assert len(gemini.received) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_a_summary(project: Path, sent: Any, code: int) -> None:
    (project / "rounds.toml").write_text(CAROUSEL.replace('"1s"', '"1m"'))
    process = run(project, "rounds.toml", "--driver", "simulate")
    assert process.stdout is not None
    seen = ""
    while "answered" not in seen:
        assert process.poll() is None, process.communicate()
        seen = process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(sent)
    stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == code
    assert "Interrupted: 1 of 4 iterations" in stdout
    assert stderr == ""
    listed = call("runs", "list").stdout
    assert "interrupted" in listed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_completed_iterations_of_a_killed_run_are_known(project: Path) -> None:
    quick = CAROUSEL.replace('every = "1s"', "")
    (project / "rounds.toml").write_text(quick)
    process = run(project, "rounds.toml", "--driver", "simulate:delay=0.4")
    deadline = time.monotonic() + 20
    while " running      2/4 " not in call("runs", "list").stdout:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    shown = call("runs", "show").stdout
    assert " interrupted  2/4 " in shown or " interrupted  3/4 " in shown


def test_iterations_that_fail_alike_each_say_why(project: Path) -> None:
    carousel = CAROUSEL.replace('every = "1s"', "continue_on_error = true")
    (project / "rounds.toml").write_text(carousel)
    said = call("exec", "rounds.toml", "--driver", "simulate:fail=2,error=400").stdout
    lines = [line for line in said.splitlines() if line.startswith("  ") and " failed: " in line]
    assert len(lines) == 2
    assert lines[0] == lines[1]


def test_a_secret_variable_that_does_not_fit_is_not_repeated(project: Path) -> None:
    (project / "botticelli.toml").write_text('[vars]\napi_key = { type = "int", default = 1 }\n')
    source = SOURCE.replace("vars.who", "vars.api_key")
    (project / "hello.toml").write_text(source)
    done = simulate("--var", "api_key=tok-7f3kq92m", "--log-format", "json")
    assert done.exit_code == 2
    assert "takes a whole number" in done.output
    assert "7f3kq92m" not in done.output


HOSTILE = "a\x1b[31mb\x1b]0;title\x07c\x9bd\u202ee"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_what_a_model_answered_steers_no_terminal_and_stays_whole_in_a_pipe(project: Path) -> None:
    (project / "answers.txt").write_text(HOSTILE)
    driver = "simulate:answers=answers.txt"
    assert call("exec", "hello.toml", "--driver", driver).exit_code == 0
    words = [*BOTTICELLI, "runs", "show"]
    piped = subprocess.run(words, cwd=project, stdout=subprocess.PIPE, check=True).stdout
    assert HOSTILE in piped.decode()
    shown = on_terminal(words, project)
    assert "a\ufffd[31mb\ufffd]0;title\ufffdc\ufffdd\ufffde" in shown


def on_terminal(words: list[str], folder: Path) -> str:
    """Run something on a pseudo-terminal and return what it writes."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(words, cwd=folder, stdout=slave, stderr=slave, stdin=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            read = os.read(master, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read
    os.close(master)
    assert process.wait(timeout=10) == 0
    return shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_progress_is_live(project: Path) -> None:
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*BOTTICELLI, "exec", "rounds.toml", "--driver", "simulate"],
        cwd=project,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        stdout=slave,
        stderr=slave,
        stdin=slave,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            read = os.read(master, 65536)
        except OSError:
            break
        if not read:
            break
        shown += read
    os.close(master)
    assert process.wait(timeout=10) == 0
    text = shown.decode()
    assert "rounds (simulation)" in text
    assert "rpd 24" in text
    assert "to go" in text
    assert "Completed: 4 of 4 iterations" in text


def test_a_run_in_which_no_act_runs_is_complete(project: Path) -> None:
    (project / "none.toml").write_text(
        '[narrative]\nname = "none"\n[toc]\norder = [{ if = "vars.go", then = ["a"] }]\n'
        '[acts]\na = "Hi"\n'
    )
    (project / "botticelli.toml").write_text(
        '[vars]\ngo = { type = "bool", default = false }\n', "utf-8"
    )
    result = call("exec", "none.toml", "--driver", "simulate")
    assert result.exit_code == 0, result.output
    assert "0 requests" in result.stdout


def test_narratives_that_run_each_other_too_deep_are_refused_before_the_first_request(
    project: Path,
) -> None:
    for number in range(60):
        does = f'narrative = "n{number + 1}"' if number < 59 else 'prompt = "Hi"'
        (project / f"n{number}.toml").write_text(
            f'[narrative]\nname = "n{number}"\n[toc]\norder = ["a"]\n[acts.a]\n{does}\n'
        )
    result = call("exec", "n0.toml", "--driver", "simulate")
    assert result.exit_code == 1, result.output
    assert "n49.toml:5:7: here narratives run each other more than 50 deep" in result.stderr
    assert call("exec", "n10.toml", "--driver", "simulate").exit_code == 0
    explained = call("compile", "--explain", "n0.toml")
    assert explained.exit_code == 1
    assert "more than 50 deep" in explained.stderr


def test_narratives_called_from_many_sides_are_gone_through_once(project: Path) -> None:
    for number in range(40):
        calls = f'["narrative:n{number + 1}", "narrative:n{number + 1}"]'
        does = f"b = {calls}" if number < 39 else 'b = "Hi"'
        (project / f"n{number}.toml").write_text(
            f'[narrative]\nname = "n{number}"\n'
            '[toc]\norder = ["a", { if = "a = \'go\'", then = ["b"] }]\n'
            f'[acts]\na = "Go?"\n{does}\n'
        )
    result = call("exec", "n0.toml", "--driver", "simulate")
    assert result.exit_code == 0, result.output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(
    ("broken_off", "code", "status"),
    [(signal.SIGINT, 130, "interrupted"), (b"\x04", 1, "failed")],
    ids=["ctrl-c", "ctrl-d"],
)
def test_a_question_can_be_broken_off(
    project: Path, broken_off: Any, code: int, status: str
) -> None:
    import pty

    (project / "tell.toml").write_text(
        '[narrative]\nname = "tell"\n[toc]\norder = ["tell"]\n[acts]\ntell = "bots.tell"\n'
        '[bots.tell]\nplatform = "discord"\ncommand = "messages.send"\nchannel_id = "1"\n'
        'content = "Hi"\nrequired = true\n[security.policy]\n'
        'allowed_commands = ["messages.send"]\nrequire_confirmation = ["messages.send"]\n'
    )
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*BOTTICELLI, "exec", "tell.toml", "--driver", "simulate"],
        cwd=project,
        env={**os.environ, "DISCORD_TOKEN": "none", "TERM": "dumb"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(master, 4096)
    if isinstance(broken_off, bytes):
        os.write(master, broken_off)
    else:
        process.send_signal(broken_off)
    while True:
        try:
            shown += os.read(master, 4096)
        except OSError:  # Linux says the end so
            break
    os.close(master)
    assert process.wait(30) == code, shown
    assert b"internal error" not in shown
    assert status in call("runs", "list").stdout
