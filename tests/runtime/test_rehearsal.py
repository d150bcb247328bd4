"""The one rule of dry runs, put to every type of effect that there is."""

from typing import Any, get_args

import msgspec
import pytest

from botticelli.compiler.ir.program import Multipliers, Retry
from botticelli.runtime import effects
from botticelli.runtime.address import Address
from botticelli.runtime.databases.records import TableQuery
from botticelli.runtime.drivers.protocol import ModelRequest
from botticelli.runtime.effects import Effect, EffectNode, Failure, QueryTable, RunCommand
from botticelli.runtime.platforms.protocol import CommandTraits
from botticelli.runtime.shell.clock import VirtualClock
from botticelli.runtime.shell.commands import CommandCaller
from botticelli.runtime.shell.rehearsal import Rehearsal

SAMPLES: dict[str, Any] = {
    "address": Address(("tale",)),
    "retry": Retry(),
    "budget": Multipliers(),
    "query": TableQuery(table="posts", consume=True),
    "request": None,
    "platform": "http",
    "command": "post",
}


class Posting:
    """A platform that writes, and must not be asked to."""

    def traits(self, command: str) -> CommandTraits:
        return CommandTraits(writes=command == "post")

    async def perform(self, *arguments: Any, **more: Any) -> None:
        raise AssertionError("a dry run performs nothing that writes")


def sample(kind: type[EffectNode], **given: Any) -> Any:
    """Make an effect of a type, with something in every field."""
    values = {
        field.name: given.get(field.name, SAMPLES.get(field.name, of(field.type)))
        for field in msgspec.structs.fields(kind)
    }
    return kind(**values)


def of(kind: Any) -> Any:
    empty: dict[Any, Any] = {str: "x", bool: False, float: 1.0, int: 1}
    origin = getattr(kind, "__origin__", None)
    return {} if origin is dict else () if origin is tuple else empty.get(kind)


@pytest.fixture
def rehearsal() -> Rehearsal:
    clock = VirtualClock(0.0)
    commands = CommandCaller("run", {"http": Posting()}, clock, confirm, lambda event: None)

    def traits(effect: Effect) -> CommandTraits:
        if isinstance(effect, RunCommand):
            return Posting().traits(effect.command)
        return CommandTraits(writes=effect.writes)

    return Rehearsal(commands, traits)


async def confirm(name: str, arguments: Any) -> bool:
    return True


@pytest.mark.parametrize("kind", get_args(Effect))
def test_no_effect_that_writes_gets_past(kind: type[EffectNode], rehearsal: Rehearsal) -> None:
    found = rehearsal.of(sample(kind))
    if isinstance(found, EffectNode):
        assert not found.writes
        assert not isinstance(found, RunCommand)
        assert not (isinstance(found, QueryTable) and found.query.consume)
    else:
        assert isinstance(found, get_args(effects.Result))


def test_every_effect_is_in_the_union() -> None:
    known = {each for each in vars(effects).values() if isinstance(each, type)}
    kinds = {each for each in known if issubclass(each, EffectNode) and each is not EffectNode}
    assert kinds == set(get_args(Effect))


def test_commands_that_only_read_are_performed(rehearsal: Rehearsal) -> None:
    read = sample(RunCommand, command="get")
    assert rehearsal.of(read) is read


def test_what_the_policy_refuses_is_refused_in_a_dry_run_too(rehearsal: Rehearsal) -> None:
    found = rehearsal.of(sample(RunCommand))
    assert isinstance(found, Failure)
    assert "does not allow it" in found.message


def test_an_effect_that_nobody_thought_of_is_not_performed(rehearsal: Rehearsal) -> None:
    class Unheard(EffectNode, frozen=True, tag="unheard-of"):
        pass

    with pytest.raises(AssertionError):
        rehearsal.of(Unheard(address=SAMPLES["address"]))  # type: ignore[arg-type]


def test_requests_are_sent(rehearsal: Rehearsal) -> None:
    asked = sample(effects.AskModel, request=ModelRequest(model="m", messages=()))
    assert rehearsal.of(asked) is asked
