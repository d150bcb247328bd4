"""Every command of the registry through the real client to a server that judges by the contract."""

from asyncio import run
from contextlib import suppress
from itertools import product

import pytest
from examples import arguments_for

from botticelli.compiler.semantics.commands import find, operations, registry
from botticelli.runtime.platforms.protocol import PlatformError


@pytest.mark.parametrize("name", sorted(registry("discord")))
def test_a_command_sends_what_the_contract_asks(server, perform_all, name):
    command = find("discord", name)
    needed = arguments_for(command, everything=False)

    run(perform_all((name, needed), (name, arguments_for(command, everything=True))))

    assert server.faults == []
    sent = {request.operation for request in server.requests}
    assert sent
    assert sent <= operations("discord", command)


@pytest.mark.parametrize("name", sorted(registry("discord")))
def test_an_answer_of_another_form_is_a_failure_or_a_result_but_no_fault_of_ours(
    server, perform, name
):
    command = find("discord", name)
    arguments = arguments_for(command, everything=True)
    for operation, body in product(sorted(operations("discord", command)), WRONG):
        server.forget()
        server.reply(operation, body, times=9)
        with suppress(PlatformError):
            run(perform(name, **arguments))


@pytest.mark.parametrize("name", sorted(registry("discord")))
def test_what_the_contract_lets_an_answer_leave_out_is_not_missed(server, perform, name):
    command = find("discord", name)
    for operation in operations("discord", command):
        schema = server.contract.operations[operation].success[1]
        if schema is not None:
            server.reply(operation, needed_of(server.contract, schema), times=9)

    run(perform(name, **arguments_for(command, everything=True)))


@pytest.mark.parametrize("body", [[], None, "x", [3]], ids=repr)
def test_an_answer_that_is_no_record_is_said_to_be_none(server, perform, body):
    server.reply("get_guild", body)

    with pytest.raises(PlatformError, match="not of the form of the API: it is not an object"):
        run(perform("server.get", guild_id="7"))


WRONG = ({}, [], None, "x", [1], [{}], {"id": 5, "threads": [{}], "name": 4, "token": 1})


def needed_of(contract, schema):
    """Return an example without what may be left out, at every depth."""
    return stripped(contract, schema, contract.example(schema))


def stripped(contract, schema, value):
    schema = contract.resolve(schema)
    if isinstance(value, list):
        return [stripped(contract, schema.get("items", {}), item) for item in value]
    if isinstance(value, dict) and "properties" in schema:
        needed = schema.get("required", ())
        return {
            name: stripped(contract, schema["properties"].get(name, {}), item)
            for name, item in value.items()
            if name in needed
        }
    return value
