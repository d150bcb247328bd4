"""Every command of the registry through the real client to a server that judges by the contract."""

from asyncio import run

import pytest
from examples import arguments_for

from botticelli.compiler.semantics.commands import find, operations, registry


@pytest.mark.parametrize("name", sorted(registry("discord")))
def test_a_command_sends_what_the_contract_asks(server, perform_all, name):
    command = find("discord", name)
    needed = arguments_for(command, everything=False)

    run(perform_all((name, needed), (name, arguments_for(command, everything=True))))

    assert server.faults == []
    sent = {request.operation for request in server.requests}
    assert sent
    assert sent <= operations("discord", command)
