"""Every command of the registry through the real client to a server that judges by the contract."""

from asyncio import run

import pytest
from examples import arguments_for

from botticelli.compiler.semantics.commands import find, operations, registry

COMMANDS = sorted(registry("discord"))


@pytest.mark.parametrize("everything", [False, True], ids=["needed", "all"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_sends_what_the_contract_asks(server, perform, name, everything):
    command = find("discord", name)

    run(perform(name, **arguments_for(command, everything=everything)))

    assert server.faults == []
    sent = {request.operation for request in server.requests}
    assert sent
    assert sent <= operations("discord", command)
