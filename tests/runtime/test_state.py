"""What a project remembers between runs: ids of results, who sees which writes, what lasts."""

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from programs import PLACE, Rehearsal, act, answer, carousel, narrative, perform, program, send
from programs import sequence as steps
from servers.contract import Contract
from servers.discord import TOKEN, DiscordServer, serving

from botticelli.cli.main import cli
from botticelli.compiler.ir.expressions import Compare, IsNull, Literal, Name
from botticelli.compiler.ir.program import (
    CommandInput,
    NarrativeInput,
    Parallel,
    Program,
    Security,
)
from botticelli.runtime.effects import (
    AskModel,
    CommandResult,
    CommitState,
    Effect,
    Failure,
    ReadState,
    RunCommand,
)
from botticelli.runtime.effects import Result as EffectResult
from botticelli.runtime.platforms.protocol import Json
from botticelli.runtime.problems import StoreError
from botticelli.runtime.state import StateStore

SEND = "discord.messages.send"


def posting(content: str) -> CommandInput:
    return send(channel_id="42", content=content)


def respond(effect: Effect) -> EffectResult:
    """A message's id is its content."""
    if isinstance(effect, AskModel):
        return answer(effect.act)
    assert isinstance(effect, RunCommand)
    if effect.arguments["content"] == "fail":
        return Failure("no")
    result = {"id": effect.arguments["content"], "channel_id": None, "text": "t"}
    if "seen" in effect.arguments:
        result["seen_id"] = effect.arguments["seen"]
    return CommandResult(result)


def prompts(run: Rehearsal) -> list[str]:
    return [each.request.messages[-1].text for each in run.asked()]


def test_ids_of_a_result_are_remembered_under_their_keys() -> None:
    run = Rehearsal(program(narrative(act("post", posting("7")))), respond)
    bare = {"id": "7", "message_id": "7"}
    assert run.state == {**bare, **{f"{SEND}.{key}": "7" for key in bare}}
    assert [type(effect) for effect in run.effects] == [RunCommand, CommitState]


def test_a_run_reads_its_own_writes_over_what_there_was() -> None:
    made = program(
        narrative(
            act("before", "{{ state.id }} {{ state['other.id'] }} {{ state.other.id }}"),
            act("post", posting("7")),
            act("after", f"{{{{ state.id }}}} {{{{ state.{SEND}.id }}}} {{{{ state.other.id }}}}"),
        )
    )
    run = Rehearsal(made, respond, state={"id": "1", "other.id": "2"})
    assert prompts(run)[0] == "1 2 2"
    assert prompts(run)[1].endswith("7 7 2")
    assert sum(isinstance(each, ReadState) for each in run.effects) == 1


def test_reading_and_committing_it_are_known_apart_in_a_run_without_a_carousel() -> None:
    made = program(narrative(act("a", "{{ state.id }}"), act("b", posting("7"))))
    run = Rehearsal(made, respond, state={"id": "1"})
    addresses = [str(each.address) for each in run.effects]
    assert len(addresses) == len(set(addresses)) == 4


def test_a_program_that_does_not_use_it_does_not_read_it() -> None:
    made = program(narrative(act("a", "Hello", when=IsNull(Name("vars", ("x",))))))
    assert [type(each) for each in Rehearsal(made, respond).effects] == [AskModel]


def test_conditions_see_it() -> None:
    when = Compare("=", Name("state", ("last", "id")), Literal("9"))
    made = program(narrative(act("a", "Hello", when=when)))
    assert len(Rehearsal(made, respond, state={"last.id": "9"}).asked()) == 1
    assert len(Rehearsal(made, respond, state={"last.id": "8"}).asked()) == 0
    assert len(Rehearsal(made, respond).asked()) == 0


def test_a_key_that_is_not_there_fails_the_act() -> None:
    run = Rehearsal(program(narrative(act("a", "{{ state.nothing }}"))), respond)
    assert "no field `nothing`" in (run.outcome.error or "")


@pytest.mark.parametrize("last_first", [False, True])
def test_parallel_writes_count_in_written_order(last_first: bool) -> None:
    order = steps(Parallel(steps=(steps("one", "see"), steps("two")), place=PLACE), "end")
    made = program(
        narrative(
            act("one", posting("1")),
            act("see", "{{ state.id }}"),
            act("two", posting("2")),
            act("end", "{{ state.id }}"),
            order=order,
        )
    )
    run = Rehearsal(made, respond, last_first=last_first)
    assert run.state["id"] == "2"
    seen, end = prompts(run)
    assert seen.endswith("1")
    assert end.endswith("2")


def test_writes_are_committed_by_iterations_those_of_failed_ones_with_the_next() -> None:
    made = program(
        narrative(
            act(
                "early",
                send(content="{{ iteration }}", seen="{{ iteration }}"),
                when=Compare("<", Name("iteration"), Literal(3)),
            ),
            act("late", send(content="{{ 'fail' if iteration == 2 else 'x' ~ iteration }}")),
            carousel=carousel(3, continue_on_error=True),
        )
    )
    run = Rehearsal(made, respond)
    commits = [each for each in run.effects if isinstance(each, CommitState)]
    assert [each.values["id"] for each in commits] == ["x1", "x3"]
    assert [each.values.get("seen_id") for each in commits] == ["1", "2"]
    assert [str(each.address) for each in commits] == [
        f"tale/iteration-{number}/state" for number in (1, 3)
    ]


def test_what_fails_the_run_leaves_the_state_as_it_was() -> None:
    made = program(narrative(act("post", posting("7")), act("more", posting("fail"))))
    run = Rehearsal(made, respond)
    assert run.outcome.error is not None
    assert run.state == {}


def test_a_called_narrative_shares_it() -> None:
    inner = narrative(act("post", posting("{{ state.id }}+")), name="inner")
    outer = narrative(
        act("a", NarrativeInput(narrative="inner", place=PLACE), "{{ state.id }}"), name="outer"
    )
    run = Rehearsal(program(outer, inner), respond, state={"id": "1"})
    assert prompts(run)[0].endswith("1+")
    assert len([each for each in run.effects if isinstance(each, CommitState)]) == 1


# Across runs


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    contract = Contract.read("discord.openapi.json")
    if contract is None:
        pytest.skip("the contract discord.openapi.json is not in ../shared/contracts")
    with serving(contract) as server:
        yield server
        assert server.faults == []


def values(project: Path) -> dict[str, Json]:
    store = StateStore(project)
    try:
        return store.values()
    finally:
        store.close()


def test_the_next_run_answers_the_message_of_the_last(
    discord: DiscordServer, tmp_path: Path
) -> None:
    environment = {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": discord.address}
    rules = Security(allowed_commands=("messages.send",))

    def run(**arguments: str) -> Program:
        command = send(channel_id="42", **arguments)
        return program(narrative(act("post", command), security=rules))

    perform(run(content="first"), tmp_path, environment=environment)
    stored = values(tmp_path)
    assert stored["id"] == stored[f"{SEND}.id"]
    done = perform(
        run(content=f"after {{{{ state.{SEND}.id }}}}"), tmp_path, environment=environment
    )
    assert done.report.status == "completed", done.report.message
    assert discord.received("create_message")[1].body["content"] == f"after {stored['id']}"


def test_nothing_is_made_where_nothing_is_remembered(tmp_path: Path) -> None:
    perform(program(narrative(act("a", "{{ state.x is defined }}"))), tmp_path)
    assert not StateStore(tmp_path).path.exists()


def test_a_commit_happens_once_and_the_last_wins(tmp_path: Path) -> None:
    store, other = StateStore(tmp_path), StateStore(tmp_path)
    store.commit("run-1", "a", {"id": "1", "x": [1, {"y": None}]}, 5.0)
    other.commit("run-2", "a", {"id": "2"}, 6.0)
    store.commit("run-1", "a", {"id": "1"}, 7.0)  # once more, after a crash
    assert store.values() == {"id": "2", "x": [1, {"y": None}]}
    store.commit("run-1", "b", {"id": "3"}, 8.0)
    assert [(each.key, each.run, each.written) for each in other.entries()] == [
        ("id", "run-1", 8.0),
        ("x", "run-1", 5.0),
    ]
    store.close()
    other.close()


def _write_many(project: Path, run: str) -> None:
    store = StateStore(project)
    for number in range(50):
        store.commit(run, str(number), {f"{run}.a": number, f"{run}.b": number}, 1.0)
    store.close()


def test_processes_write_beside_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(tmp_path, f"r{n}")) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert values(tmp_path) == {f"r{n}.{part}": 49 for n in range(3) for part in "ab"}


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.path.parent.mkdir()
    store.path.write_bytes(b"no database, and long enough to be told from one" * 40)
    with pytest.raises(StoreError, match=r"state\.sqlite cannot be used"):
        store.values()
    store.close()
    run = perform(program(narrative(act("a", "{{ state.x is defined }}"))), tmp_path)
    assert run.report.status == "failed"
    assert "state.sqlite" in (run.report.message or "")


# The command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "botticelli.toml").write_text("")
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["state", *arguments])


def test_keys_are_set_read_listed_and_forgotten(project: Path) -> None:
    assert call("list").output == ""
    assert not (project / ".botticelli").exists()
    assert call("set", "last.post", "42").exit_code == 0
    assert call("set", "seen", '["a", 1]', "--json").exit_code == 0
    assert (project / ".botticelli" / ".gitignore").read_text() == "*\n"
    assert call("get", "last.post").output == "42\n"
    assert call("get", "last.post", "--json").output == '"42"\n'
    assert call("get", "seen").output == '["a", 1]\n'
    assert json.loads(call("list", "--json").output) == {"last.post": "42", "seen": ["a", 1]}
    assert [line.split()[0] for line in call("list").output.splitlines()] == ["last.post", "seen"]
    assert call("unset", "last.post", "seen").exit_code == 0
    assert call("list", "--json").output == "{}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("get", "last.pots"), 1, "there is no key 'last.pots'; did you mean `last.post`?"),
        (("unset", "other"), 1, "there is no key 'other'"),
        (("set", "a..b", "1"), 2, "a key is made of names"),
        (("set", "", "1"), 2, "a key is made of names"),
        (("set", "a", "{", "--json"), 2, "VALUE is no JSON"),
    ],
)
def test_faults_of_the_command_line_are_said(
    project: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    call("set", "last.post", "42")
    result = call(*arguments)
    assert result.exit_code == code
    assert said in result.output


def test_what_is_set_by_hand_is_there_for_the_next_run(project: Path) -> None:
    call("set", "greeting", "Buongiorno")
    made = program(narrative(act("a", "{{ state.greeting }}")))
    run = perform(made, project)
    assert run.report.status == "completed"
