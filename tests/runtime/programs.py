"""Programs made by hand, and the ways to run them without a network."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from botticelli.compiler.ir.program import (
    Act,
    Carousel,
    CommandInput,
    Constant,
    ModelSettings,
    Narrative,
    Place,
    Program,
    RunAct,
    Sequence,
    Step,
    Template,
    TextInput,
    Value,
)
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.runtime.drivers.protocol import STOP, ModelAnswer, TokenUsage
from botticelli.runtime.effects import (
    AskModel,
    CommitState,
    Completion,
    Done,
    Effect,
    Moment,
    ReadClock,
    ReadState,
    Result,
    RunCommand,
    StateSnapshot,
    StoreContent,
    Stored,
    Wait,
)
from botticelli.runtime.events import Event, EventNode
from botticelli.runtime.flow.carousel import Tally
from botticelli.runtime.flow.interpret import Outcome, interpret
from botticelli.runtime.journal.file import open_journal
from botticelli.runtime.journal.records import Answer
from botticelli.runtime.shell.clock import Clock, VirtualClock
from botticelli.runtime.shell.engine import Run
from botticelli.runtime.shell.opening import Options
from botticelli.runtime.shell.records import Report, new_record
from botticelli.runtime.shell.setup import equip

PLACE = Place("a.toml", 1, 1)
MONDAY = 1_760_000_000.0  # 2025-10-09T08:53:20Z


def template(source: str) -> Template:
    return Template(source=source, place=PLACE)


def text(source: str, retention: str = "full", max_bytes: int | None = None) -> TextInput:
    return TextInput(
        template=template(source), place=PLACE, retention=retention, max_bytes=max_bytes
    )


def send(required: bool = True, **arguments: str) -> CommandInput:
    values: dict[str, Value] = {key: template(value) for key, value in arguments.items()}
    return CommandInput(
        place=PLACE,
        platform="discord",
        command="messages.send",
        arguments=values or {"content": Constant("hello")},
        required=required,
    )


def stats(retention: str = "full", **more: Any) -> CommandInput:
    return CommandInput(
        place=PLACE,
        platform="discord",
        command="server.get_stats",
        arguments={},
        retention=retention,
        **more,
    )


def act(name: str, *inputs: Any, model: str | None = None, **more: Any) -> Act:
    sources = tuple(text(each) if isinstance(each, str) else each for each in inputs)
    settings = more.pop("settings", ModelSettings(model=model, max_tokens=100))
    asks = any(isinstance(each, TextInput) for each in sources)
    return Act(name=name, place=PLACE, inputs=sources, settings=settings, asks_model=asks, **more)


def sequence(*steps: Step | str) -> Sequence:
    made = tuple(RunAct(act=step, place=PLACE) if isinstance(step, str) else step for step in steps)
    return Sequence(steps=made, place=PLACE)


def narrative(
    *acts: Act, name: str = "tale", order: Sequence | None = None, **more: Any
) -> Narrative:
    return Narrative(
        name=name,
        place=PLACE,
        acts={each.name: each for each in acts},
        order=order or sequence(*(each.name for each in acts)),
        **more,
    )


def carousel(iterations: int, **more: Any) -> Carousel:
    return Carousel(iterations=iterations, place=PLACE, **more)


def program(entry: Narrative, *others: Narrative, **more: Any) -> Program:
    return Program(
        compiler="0",
        entry=entry.name,
        narratives={each.name: each for each in (entry, *others)},
        **more,
    )


def answer(said: str = "an answer", finish: str = STOP, detail: str | None = None) -> ModelAnswer:
    return ModelAnswer(text=said, finish=finish, model="m", usage=TokenUsage(10, 20), detail=detail)


class Rehearsal:
    """Drives the interpreter with a function from effects to results, and keeps what it saw.

    `last_first` completes effects in the other order; `lasting` is how long an effect takes.
    """

    def __init__(
        self,
        made: Program,
        respond: Callable[[Effect], Result],
        *,
        last_first: bool = False,
        lasting: Callable[[Effect], float] = lambda _: 0.0,
        variables: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.state = state or {}
        self.effects: list[Effect] = []
        self.events: list[Event] = []
        self.tally = Tally()
        self.now = MONDAY
        self._respond = respond
        self._lasting = lasting
        flow = interpret(
            made,
            default_model="m",
            variables=variables or {},
            environment={"TOWN": "Florence"},
            tally=self.tally,
        )
        self.outcome = self._drive(flow, last_first)

    def _drive(self, flow: Any, last_first: bool) -> Outcome:
        under_way: list[Effect] = []
        batch = next(flow)
        while True:
            for item in batch:
                if isinstance(item, EventNode):
                    self.events.append(item)
                else:
                    self.effects.append(item)
                    under_way.append(item)
            completion = None
            if under_way:
                effect = under_way.pop(-1 if last_first else 0)
                completion = Completion(effect.address, self._result(effect))
            try:
                batch = flow.send(completion)
            except StopIteration as stop:
                return stop.value

    def _result(self, effect: Effect) -> Result:
        if isinstance(effect, ReadClock):
            return Moment(self.now)
        if isinstance(effect, Wait):
            self.now = max(self.now, effect.until)
            return Moment(self.now)
        if isinstance(effect, ReadState):
            return StateSnapshot(dict(self.state))
        if isinstance(effect, CommitState):
            self.state.update(effect.values)
            return Done()
        if isinstance(effect, StoreContent):
            return Stored(effect.target or effect.narrative, len(effect.records))
        self.now += self._lasting(effect)
        return self._respond(effect)

    def asked(self) -> list[AskModel]:
        return [each for each in self.effects if isinstance(each, AskModel)]

    def commands(self) -> list[RunCommand]:
        return [each for each in self.effects if isinstance(each, RunCommand)]

    def saw(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.events if isinstance(each, kind)]


class Performance:
    """A run through the shell: its report, its events, its stored results."""

    def __init__(self, report: Report, events: list[Event], results: list[Answer]) -> None:
        self.report = report
        self.events = events
        self.results = results

    def saw(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.events if isinstance(each, kind)]


def perform(
    made: Program,
    project: Path,
    driver: str = "simulate",
    *,
    clock: Clock | None = None,
    environment: dict[str, str] | None = None,
    providers: dict[str, Any] | None = None,
    configuration: Configuration | None = None,
    confirmed: Iterable[str] = (),
    stream: bool = False,
    **options: Any,
) -> Performance:
    """Run a program with real parts and, unless one is given, a virtual clock."""
    clock = clock or VirtualClock(MONDAY)
    configuration = configuration or Configuration(project=str(project), providers=providers or {})
    surroundings = {"XDG_STATE_HOME": str(project / "state"), **(environment or {})}
    events: list[Event] = []

    async def confirm(name: str, arguments: Any) -> bool:
        return name in confirmed

    async def run() -> Report:
        equipment = await equip(
            made, configuration, Options(driver=driver, **options), surroundings, clock
        )
        journal = open_journal(project, create=True)
        assert journal is not None
        record = new_record(made, equipment, source="a.toml")
        entries = journal.begin(record, made)
        try:
            performance = Run(
                made,
                equipment,
                record=record,
                entries=entries,
                confirm=confirm,
                sink=events.append,
                stream=stream,
            )
            return await performance.execute()
        finally:
            entries.close()
            journal.close()
            await equipment.close()

    report = clock.run(run())
    journal = open_journal(project, create=False)
    assert journal is not None
    results = list(journal.answers(report.run))
    journal.close()
    return Performance(report, events, results)
