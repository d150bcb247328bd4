"""Random orders, killed at random effects and resumed from the journal's file, end as undisturbed.

The interpreter is driven by a function, its effects complete in any order, and each process reads
the journal anew.
"""

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import MONDAY, answer
from reference import Reference
from trees import WORDS, programs

from botticelli.compiler.ir.program import Program
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
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.journal.records import RunRecord
from botticelli.runtime.journal.replay import replay
from botticelli.runtime.journal.resumption import Resumption, Scripts, resume
from botticelli.runtime.journal.starting_over import start_over
from botticelli.runtime.platforms.protocol import CommandTraits
from botticelli.runtime.problems import SetupError


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


class Market(World):
    """Rows that others take too, while the run is away: two of them for each reading."""

    def __init__(self, failing: int = 0, before: "Market | None" = None) -> None:
        super().__init__(failing)
        self.next_row = 0 if before is None else before.next_row
        self.leases: dict[str, str] = {} if before is None else before.leases
        self.acknowledged: list[str] = [] if before is None else before.acknowledged
        self.stolen: set[str] = set() if before is None else before.stolen

    def deal(self, effect: QueryTable | AcknowledgeRows | GiveBackRows) -> Result:
        if isinstance(effect, QueryTable):
            place = str(effect.address)
            keys = (f"row-{self.next_row}", f"row-{self.next_row + 1}")
            self.next_row += 2
            for key in [each for each, holder in self.leases.items() if holder == place]:
                del self.leases[key]
            self.leases.update(dict.fromkeys(keys, place))
            return taken(place, keys)
        if isinstance(effect, AcknowledgeRows) and not all(map(self.holds, effect.taken)):
            return Failure("they went to another")
        for each in effect.taken:
            for key in each.keys:
                self.leases.pop(key, None)
                if isinstance(effect, AcknowledgeRows):
                    self.acknowledged.append(key)
        return Done()

    def holds(self, rows: Taken) -> bool:
        return all(self.leases.get(key) == rows.place for key in rows.keys)

    def steal(self, chance: Random) -> None:
        """Give some rows to others."""
        for key in [each for each in self.leases if chance.random() < 0.4]:
            del self.leases[key]
            self.stolen.add(key)

    def go_on(self, found: Resumption, entries: RunEntries, made: Program) -> Resumption:
        lost = [each for each in found.held if not self.holds(each.taken)]
        if not lost:
            return found
        again = start_over(flow_of(made), found, lost, lambda effect: traits(effect).writes)
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


def process(folder: Path, made: Program, world: World, chance: Random, lives: int | None) -> Any:
    """Run what is left of the run as a process of its own would; None when it was killed."""
    journal = open_journal(folder, create=True)
    assert journal is not None
    try:
        if not journal.runs():
            record = RunRecord(
                id="run",
                narrative="x",
                source="x",
                driver="x",
                simulated=True,
                started=0.0,
                iterations=1,
            )
            entries = journal.begin(record, made)
            batch, flow, found = None, flow_of(made), None
        else:
            entries = journal.reopen("run")
            scripts = Scripts(now=lambda: flow_of(made), before=None, environment={})
            try:
                found = resume(journal, "run", scripts, traits, MONDAY)
            except SetupError:
                entries.close()
                raise
            assert found.unknown == ()
            found = world.go_on(found, entries, made)
            flow = flow_of(made)
            replayed = replay(flow, found.recording, on_effect=lambda effect: None)
            if replayed.outcome is not None:
                entries.close()
                return replayed.outcome
            batch = replayed.pending
        try:
            return drive(flow, batch, world, chance, entries, lives, found)
        finally:
            entries.close()
    finally:
        journal.close()


@settings(max_examples=120, deadline=None)
@given(
    programs(),
    st.lists(st.integers(0, 12), min_size=1, max_size=3),
    st.sampled_from([0, 0, 40]),
    st.integers(0, 1000),
)
def test_a_run_that_is_killed_and_resumed_ends_as_an_undisturbed_one(
    made: Program, kills: list[int], failing: int, seed: int
) -> None:
    whole, expected = undisturbed(made, failing)
    folder = Path(tempfile.mkdtemp())
    seen: list[tuple[str, Result]] = []
    outcome = None
    try:
        for lives in (*kills, None):
            world = World(failing)
            try:
                outcome = process(folder, made, world, Random(seed), lives)
            except SetupError:  # everything was done when it was killed, but for saying so
                outcome = whole
            seen += world.performed
            if outcome is not None:
                break
    finally:
        shutil.rmtree(folder)
    assert outcome is not None
    assert outcome == whole
    assert dict(seen) == expected
    repeated = [address for address, result in seen if not isinstance(result, Failure)]
    assert len(repeated) == len(set(repeated))


@settings(max_examples=120, deadline=None)
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


@settings(max_examples=120, deadline=None)
@given(programs(), st.lists(st.integers(0, 12), min_size=1, max_size=3), st.integers(0, 1000))
def test_rows_are_dealt_with_once_whoever_takes_them_meanwhile(
    made: Program, kills: list[int], seed: int
) -> None:
    """What others took makes its iteration start over: as many rows are acknowledged as by an
    undisturbed run, none of them another's, and no message is sent twice."""
    whole = Market()
    assert drive(flow_of(made), None, whole, Random(0), None, None) is not None
    chance = Random(seed)
    folder = Path(tempfile.mkdtemp())
    seen: list[tuple[str, Result]] = []
    world = Market()
    try:
        for lives in (*kills, None):
            world = Market(before=world)
            try:
                outcome = process(folder, made, world, Random(seed), lives)
            except SetupError:  # everything was done when it was killed, but for saying so
                break
            seen += world.performed
            if outcome is not None:
                assert outcome.error is None
                break
            world.steal(chance)
    finally:
        shutil.rmtree(folder)
    assert len(world.acknowledged) == len(set(world.acknowledged)) == len(whole.acknowledged)
    assert not world.stolen & set(world.acknowledged)
    assert world.leases == {}
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
