"""Sending a message: the request, the nonce, and what is said of failures."""

from asyncio import run

import pytest
from servers.discord import TOKEN

from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.runtime.platforms import discord as plugin
from botticelli.runtime.platforms.discord.client import ADDRESS, api_address
from botticelli.runtime.platforms.protocol import PlatformError


def failure(performing) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        run(performing)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_message_arrives_as_the_contract_asks(server, perform):
    result = run(perform("messages.send", channel_id="42", content="Hello"))

    (request,) = server.received("create_message")
    assert request.path == "/channels/42/messages"
    assert request.body == {"content": "Hello", "nonce": ("ab" * 32)[:25], "enforce_nonce": True}
    assert result["channel_id"] == "42"
    assert server.faults == []


def test_one_key_sends_one_message_however_often(server, perform):
    first = run(perform("messages.send", key="1" * 64, channel_id="42", content="Hello"))
    again = run(perform("messages.send", key="1" * 64, channel_id="42", content="Hello"))
    other = run(perform("messages.send", key="2" * 64, channel_id="42", content="Hello"))

    assert first["id"] == again["id"] != other["id"]
    assert len(server.messages) == 2


def test_names_of_the_older_body_and_numbers_for_ids_are_taken(server, perform):
    arguments = {"guild_id": 7, "channel_id": 42, "content": "Hello"}
    run(perform("discord.channels.create_message", **arguments))

    (request,) = server.received("create_message")
    assert "guild_id" not in request.body


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"channel_id": "42"}, "needs `content` or `embeds`"),
        ({"content": "Hello"}, "needs `channel_id`"),
        ({"channel_id": "general", "content": "Hello"}, "`channel_id` must be an id"),
        ({"channel_id": "42", "content": "x" * 2001}, "text of at most 2,000 characters"),
        ({"channel_id": "42", "contents": "Hello"}, "no argument `contents`"),
        ({"channel_id": "42", "content": "a", "text": "b"}, "given `content` twice"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(server, perform, arguments, said):
    error = failure(perform("messages.send", **arguments))

    assert said in error.message
    assert not error.retryable
    assert error.had_no_effect
    assert server.requests == []


def test_an_unknown_command_is_refused_with_the_nearest(server, perform):
    error = failure(perform("messages.sned", channel_id="42", content="Hello"))

    assert "did you mean `messages.send`" in error.message


def test_a_refusal_tells_the_words_of_the_api(server, perform):
    errors = {"content": {"_errors": [{"code": "X", "message": "Too loud."}]}}
    body = {"code": 50035, "message": "Invalid Form Body", "errors": errors}
    server.reply("create_message", body, status=400)

    error = failure(perform("messages.send", channel_id="42", content="Hello"))

    assert "Invalid Form Body (code 50035); `content`: Too loud." in error.message
    assert (error.retryable, error.had_no_effect, error.status) == (False, True, 400)


def test_the_token_is_hidden_even_if_the_api_repeats_it(server, perform):
    server.reply("create_message", {"code": 0, "message": f"bad token {TOKEN}"}, status=401)

    error = failure(perform("messages.send", channel_id="42", content="Hello"))

    assert "bad token ***" in error.message


@pytest.mark.parametrize("status", [500, 502, 503])
def test_after_a_server_error_the_outcome_of_a_write_is_unknown(server, perform, status):
    server.reply("*", {"message": "down", "code": 0}, status=status, times=2)

    writing = failure(perform("messages.send", channel_id="42", content="Hello"))
    reading = failure(perform("messages.get", channel_id="42", message_id="1"))

    assert (writing.retryable, writing.had_no_effect) == (True, False)
    assert (reading.retryable, reading.had_no_effect) == (True, True)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_broken_connection_the_outcome_is_unknown(server, perform, moment):
    server.reply("create_message", drop=moment)

    error = failure(perform("messages.send", channel_id="42", content="Hello"))

    assert (error.retryable, error.had_no_effect) == (True, False)
    assert len(server.messages) == (moment == "after")


def test_without_a_connection_nothing_has_happened():
    async def sending():
        environment = {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": "http://127.0.0.1:1"}
        platform = plugin.open(PlatformConfiguration(), environment)
        try:
            await platform.perform(
                "messages.send", {"channel_id": "42", "content": "Hello"}, idempotency_key="0" * 64
            )
        finally:
            await platform.close()

    error = failure(sending())

    assert (error.retryable, error.had_no_effect) == (True, True)


def test_a_429_says_how_long_to_wait(server, perform):
    server.slow_down("create_message", 1.5)

    error = failure(perform("messages.send", channel_id="42", content="Hello"))

    assert (error.retryable, error.had_no_effect, error.retry_after) == (True, True, 1.5)


def test_redirects_are_not_followed(server, perform):
    server.reply("create_message", None, status=307, headers={"Location": "/api/v10/elsewhere"})

    error = failure(perform("messages.send", channel_id="42", content="Hello"))

    assert (error.retryable, error.status) == (False, 307)
    assert server.faults == []


def test_an_endless_answer_is_cut(server, perform):
    server.reply("list_messages", ["x" * 17_000_000])

    assert "too large" in failure(perform("messages.list", channel_id="42")).message


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (None, f"{ADDRESS}/api/v10"),
        ("http://localhost:8000", "http://localhost:8000/api/v10"),
        ("http://localhost:8000/", "http://localhost:8000/api/v10"),
        ("https://discord.com/api", "https://discord.com/api/v10"),
        ("https://discord.com/api/v10/", "https://discord.com/api/v10"),
    ],
)
def test_an_address_may_end_at_host_and_port(given, address):
    assert api_address(given) == address


@pytest.mark.parametrize("given", ["localhost:8000", "ftp://x", "http://", "http://h:port"])
def test_what_is_no_address_is_refused(given):
    with pytest.raises(PlatformError, match="base URL"):
        api_address(given)


def test_the_variable_that_lacks_the_token_is_named():
    own = PlatformConfiguration(token_env="MY_BOT")

    assert plugin.missing_environment(PlatformConfiguration(), {}) == ("DISCORD_TOKEN",)
    assert plugin.missing_environment(own, {"DISCORD_TOKEN": "x"}) == ("MY_BOT",)
    assert plugin.missing_environment(own, {"MY_BOT": "x"}) == ()
