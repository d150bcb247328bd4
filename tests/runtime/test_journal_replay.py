"""Random orders, killed at random effects and resumed from the journal's file, end as undisturbed.

The interpreter is driven by a function, its effects complete in any order, and each process reads
the journal anew. BOTTICELLI_REPLAY_EXAMPLES says how many programs each property tries, 100 without
it.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import MONDAY, PLACE, answer, sequence
from reference import Reference
from trees import WORDS, programs, with_acts

from botticelli.compiler.ir.program import Parallel, Program
from botticelli.runtime.databases.records import Rows, Taken
from botticelli.runtime.drivers.protocol import ModelAnswer
from botticelli.runtime.effects import (
    AcknowledgeRows,
    AskModel,
    CommandResult,
    Completion,
    Done,
    Effect,
    Exhaustion,
    Failure,
    GiveBackRows,
    Moment,
    QueryTable,
    ReadClock,
    Result,
    TableResult,
    Wait,
)
from botticelli.runtime.events import EventNode
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.interpret import Outcome, interpret
from botticelli.runtime.journal.encoding import decode_result, encode_result
from botticelli.runtime.journal.entries import Completed, Intent, RunEntries
from botticelli.runtime.journal.file import Journal, open_journal
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.journal.replay import replay
from botticelli.runtime.journal.resumption import Resumption, Scripts, resume
from botticelli.runtime.journal.starting_over import start_over
from botticelli.runtime.platforms.protocol import CommandTraits
from botticelli.runtime.problems import SetupError

tried = settings(
    max_examples=int(os.environ.get("BOTTICELLI_REPLAY_EXAMPLES", "100")), deadline=None
)


class World:
    """Answers effects by their address alone, and keeps what it was asked."""

    def __init__(self, failing: int) -> None:
        self.performed: list[tuple[str, Result]] = []
        self._failing = failing

    def respond(self, effect: Effect) -> Result:
        result = self._result(effect)
        self.performed.append((str(effect.address), result))
        return result

    def _result(self, effect: Effect) -> Result:
        if isinstance(effect, ReadClock):
            return Moment(MONDAY)
        if isinstance(effect, Wait):
            return Moment(effect.until)
        chance = sha256(str(effect.address).encode()).digest()
        if chance[0] < self._failing:
            return Failure("no")
        if isinstance(effect, QueryTable | AcknowledgeRows | GiveBackRows):
            return self.deal(effect)
        word = WORDS[chance[1] % len(WORDS)]
        return answer(word) if isinstance(effect, AskModel) else CommandResult(word)

    def deal(self, effect: QueryTable | AcknowledgeRows | GiveBackRows) -> Result:
        """Give rows that there is no end of, which bear the name of the place that takes them."""
        if not isinstance(effect, QueryTable):
            return Done()
        place = str(effect.address)
        return taken(place, (place,))

    def go_on(self, found: Resumption, entries: RunEntries, made: Program) -> Resumption:
        """Do what comes before a resumed run's first effect."""
        return found

    def die(self, under_way: list[Effect], chance: Random) -> None:
        """Do what is under way when the run is killed, and which it does not learn of."""


class Queue:
    """Rows that a run takes two of at each reading, and that others take too while it is away."""

    def __init__(self) -> None:
        self.next_row = 0
        self.leases: dict[str, str] = {}
        self.acknowledged: list[str] = []
        self.stolen: set[str] = set()
        self.settled: dict[str, list[str]] = {}

    def take(self, place: str) -> TableResult:
        self._free([place])
        keys = (f"row-{self.next_row}", f"row-{self.next_row + 1}")
        self.next_row += 2
        self.leases.update(dict.fromkeys(keys, place))
        return taken(place, keys)

    def acknowledge(self, address: str, rows: tuple[Taken, ...]) -> Result:
        """Let rows go once, however often it is done at an address."""
        if address in self.settled:
            return Done()
        if not all(map(self.holds, rows)):
            return Failure("they went to another")
        self.settled[address] = [each.place for each in rows]
        self.acknowledged += [key for each in rows for key in each.keys]
        return self.give_back(rows)

    def give_back(self, rows: tuple[Taken, ...]) -> Done:
        self._free([each.place for each in rows])
        return Done()

    def holds(self, rows: Taken) -> bool:
        return all(self.leases.get(key) == rows.place for key in rows.keys)

    def steal(self, chance: Random) -> None:
        """Give some rows to others."""
        for key in [each for each in self.leases if chance.random() < 0.4]:
            del self.leases[key]
            self.stolen.add(key)

    def _free(self, places: list[str]) -> None:
        for key in [each for each, holder in self.leases.items() if holder in places]:
            del self.leases[key]


class Market(World):
    """Takes rows from a queue."""

    def __init__(self, queue: Queue) -> None:
        super().__init__(failing=0)
        self._queue = queue

    def deal(self, effect: QueryTable | AcknowledgeRows | GiveBackRows) -> Result:
        match effect:
            case QueryTable():
                return self._queue.take(str(effect.address))
            case AcknowledgeRows():
                return self._queue.acknowledge(str(effect.address), effect.taken)
            case GiveBackRows():
                return self._queue.give_back(effect.taken)

    def die(self, under_way: list[Effect], chance: Random) -> None:
        for effect in under_way:
            if isinstance(effect, QueryTable | AcknowledgeRows) and chance.random() < 0.5:
                self.deal(effect)

    def go_on(self, found: Resumption, entries: RunEntries, made: Program) -> Resumption:
        queue = self._queue
        settled = {each for at in found.settling for each in queue.settled.get(at, ())}
        missed = [each for each in found.held if each.taken.place not in settled]
        lost = [each for each in missed if not queue.holds(each.taken)]
        if not lost:
            return found
        again = start_over(flow_of(made), found, lost, settled, lambda each: traits(each).writes)
        entries.start_over(again.forgotten, again.kept)
        return again.resumption


def taken(place: str, keys: tuple[str, ...]) -> TableResult:
    rows = Rows(columns=("id",), values=tuple((key,) for key in keys), text=f"{keys}")
    return TableResult(rows, Taken(place=place, table="jobs", keys=keys))


def flow_of(made: Program) -> Any:
    return interpret(made, default_model="m", variables={}, environment={}, tally=Tally())


def undisturbed(made: Program, failing: int) -> tuple[Outcome, dict[str, Result]]:
    world = World(failing)
    outcome = drive(flow_of(made), None, world, Random(0), None, None)
    assert outcome is not None
    return outcome, dict(world.performed)


def drive(
    flow: Any,
    batch: Any,
    world: World,
    chance: Random,
    entries: Any,
    lives: int | None,
    found: Resumption | None = None,
) -> Outcome | None:
    """Perform effects in random order, and journal them; None when killed after `lives` of them."""
    kept = frozenset[str]() if found is None else found.kept
    under_way: list[Effect] = []
    completed: list[Completed] = []
    batch = next(flow) if batch is None else batch
    while True:
        effects = [item for item in batch if not isinstance(item, EventNode)]
        under_way += effects
        if entries is not None:
            fresh = [each for each in effects if str(each.address) not in kept]
            intents = [Intent(each, MONDAY, traits(each).writes) for each in fresh]
            entries.enter(completed, intents)
        if lives is not None and len(world.performed) >= lives:
            world.die([each for each in under_way if str(each.address) not in kept], chance)
            return None
        completion = None
        completed = []
        if under_way:
            effect = under_way.pop(chance.randrange(len(under_way)))
            if found is not None and str(effect.address) in kept:
                result = found.recording.read(str(effect.address))
            else:
                result = world.respond(effect)
            completion = Completion(effect.address, result)
            completed = [Completed(str(effect.address), result, MONDAY)]
        try:
            batch = flow.send(completion)
        except StopIteration as stop:
            if entries is not None:
                entries.enter(completed, [])
            return stop.value


def traits(effect: Effect) -> CommandTraits:
    return CommandTraits(writes=effect.subject == "discord.messages.send", keyed=True)


class Project:
    """A folder with a journal of many runs, which stays open: what the last one to close it does
    takes time, and whoever is killed does not do it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = 0
        self._kept = self._open()

    def new_run(self) -> str:
        self._runs += 1
        return f"run-{self._runs:06}"

    def process(
        self, run: str, made: Program, world: World, chance: Random, lives: int | None
    ) -> Outcome | None:
        """Run what is left of a run as a process of its own would; None when it was killed."""
        journal = self._open()
        try:
            if journal.find(run):
                return go_on(journal, run, made, world, chance, lives)
            return begin(journal, run, made, world, chance, lives)
        finally:
            journal.close()

    def close(self) -> None:
        self._kept.close()

    def _open(self) -> Journal:
        journal = open_journal(self._folder, create=True)
        assert journal is not None
        return journal


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("replayed"))
    yield made
    made.close()


def begin(
    journal: Journal, run: str, made: Program, world: World, chance: Random, lives: int | None
) -> Outcome | None:
    record = RunRecord(
        id=run, narrative="x", source="x", driver="x", simulated=True, started=0.0, iterations=1
    )
    entries = journal.begin(record, made)
    try:
        return drive(flow_of(made), None, world, chance, entries, lives)
    finally:
        entries.close()


def go_on(
    journal: Journal, run: str, made: Program, world: World, chance: Random, lives: int | None
) -> Outcome | None:
    entries = journal.reopen(run)
    try:
        scripts = Scripts(now=lambda: flow_of(made), before=None, environment={})
        found = resume(journal, run, scripts, traits, MONDAY)
        assert found.unknown == ()
        found = world.go_on(found, entries, made)
        flow = flow_of(made)
        replayed = replay(flow, found.recording, on_effect=lambda effect: None)
        if replayed.outcome is not None:
            return replayed.outcome
        return drive(flow, replayed.pending, world, chance, entries, lives, found)
    finally:
        entries.close()


@tried
@given(
    made=programs(),
    kills=st.lists(st.integers(0, 12), min_size=1, max_size=3),
    failing=st.sampled_from([0, 0, 40]),
    seed=st.integers(0, 1000),
)
def test_a_run_that_is_killed_and_resumed_ends_as_an_undisturbed_one(
    project: Project, made: Program, kills: list[int], failing: int, seed: int
) -> None:
    whole, expected = undisturbed(made, failing)
    run = project.new_run()
    seen: list[tuple[str, Result]] = []
    outcome = None
    for lives in (*kills, None):
        world = World(failing)
        try:
            outcome = project.process(run, made, world, Random(seed), lives)
        except SetupError:  # everything was done when it was killed, but for saying so
            outcome = whole
        seen += world.performed
        if outcome is not None:
            break
    assert outcome is not None
    assert outcome == whole
    assert dict(seen) == expected
    repeated = [address for address, result in seen if not isinstance(result, Failure)]
    assert len(repeated) == len(set(repeated))


@tried
@given(programs(), st.sampled_from([0, 20, 60]))
def test_a_run_does_what_the_reference_does(made: Program, failing: int) -> None:
    """With what the test above says, so does one that was killed and resumed."""
    outcome, performed = undisturbed(made, failing)

    def answer_at(address: str) -> str | None:
        chance = sha256(address.encode()).digest()
        return None if chance[0] < failing else WORDS[chance[1] % len(WORDS)]

    reference = Reference(made, answer_at)
    assert set(performed) == reference.asked
    assert (outcome.error is not None) == reference.failed


SIDE_BY_SIDE = with_acts(
    sequence(Parallel(steps=(sequence("h"), sequence("g")), place=PLACE)), iterations=1
)
"""One act lets its rows go at once, while another's are held until the iteration ends."""


@tried
@example(made=SIDE_BY_SIDE, kills=[2], seed=1)
@example(made=SIDE_BY_SIDE, kills=[3, 1], seed=15)
@given(
    made=programs(),
    kills=st.lists(st.integers(0, 12), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)
def test_rows_are_dealt_with_once_whoever_takes_them_meanwhile(
    project: Project, made: Program, kills: list[int], seed: int
) -> None:
    """What others took makes its iteration start over: as many rows are acknowledged as by an
    undisturbed run, none of them another's, and no message is sent twice."""
    whole, queue = Queue(), Queue()
    assert drive(flow_of(made), None, Market(whole), Random(0), None, None) is not None
    chance = Random(seed)
    run = project.new_run()
    seen: list[tuple[str, Result]] = []
    for lives in (*kills, None):
        world = Market(queue)
        try:
            outcome = project.process(run, made, world, Random(seed), lives)
        except SetupError:  # everything was done when it was killed, but for saying so
            break
        seen += world.performed
        if outcome is not None:
            assert outcome.error is None
            break
        queue.steal(chance)
    assert len(queue.acknowledged) == len(set(queue.acknowledged)) == len(whole.acknowledged)
    assert not queue.stolen & set(queue.acknowledged)
    assert queue.leases == {}
    sent = [address for address, result in seen if isinstance(result, CommandResult)]
    assert len(sent) == len(set(sent))


RESULTS: list[Result] = [
    answer("Ciao è \U0001f3a8"),
    answer("half of a pair: \ud83c"),
    ModelAnswer(text="", finish="blocked", model="m", usage=None, detail="SAFETY"),
    CommandResult({"id": "1", "many": [1, 2.5, None, True], "large": 2**70}),
    CommandResult(None),
    Moment(1.5),
    Failure("no", unknown=True),
    Exhaustion(limit="rpd", value=10, resets=None, message="used up"),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda each: type(each).__name__)
def test_results_are_read_as_they_were_written(result: Result) -> None:
    assert decode_result(*encode_result(result)) == result


@pytest.mark.parametrize("kind", get_args(Result), ids=lambda each: each.__name__)
def test_every_kind_of_result_can_be_read(kind: Any) -> None:
    with pytest.raises(Exception, match="damaged"):
        decode_result(kind.__name__, b"[]")
