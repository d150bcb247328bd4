"""Sending a message: the request, the nonce, and what is said of failures."""

from asyncio import run


def test_a_message_arrives_as_the_contract_asks(server, perform):
    result = run(perform("messages.send", channel_id="42", content="Hello"))

    (request,) = server.received("create_message")
    assert request.path == "/channels/42/messages"
    assert request.body == {"content": "Hello", "nonce": ("ab" * 32)[:25], "enforce_nonce": True}
    assert result["channel_id"] == "42"
    assert server.faults == []
