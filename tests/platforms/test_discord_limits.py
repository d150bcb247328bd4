"""Rate limits: what the API's headers say is kept to before the next request is sent."""

from asyncio import gather, get_running_loop, run
from contextlib import suppress

import pytest
from servers.discord import TOKEN

from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.runtime.platforms import discord as plugin
from botticelli.runtime.platforms.discord.limits import REQUESTS_PER_SECOND, RateLimits
from botticelli.runtime.platforms.protocol import PlatformError


class Clock:
    """Commands with the seconds after which each was done."""

    def __init__(self, server) -> None:
        self._platform = plugin.open(
            PlatformConfiguration(), {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": server.address}
        )

    async def seconds(self, channel: str, command: str = "channels.get") -> float:
        before = get_running_loop().time()
        with suppress(PlatformError):
            await self._platform.perform(command, {"channel_id": channel}, idempotency_key="0" * 64)
        return get_running_loop().time() - before

    async def close(self) -> None:
        await self._platform.close()


def timed(server, steps) -> list[float]:
    async def running() -> list[float]:
        clock = Clock(server)
        try:
            return [await clock.seconds(*step) for step in steps]
        finally:
            await clock.close()

    return run(running())


def emptied(seconds: float, bucket: str = "b") -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": bucket,
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": str(seconds),
    }


def reply(server, operation: str, headers: dict[str, str]) -> None:
    _, schema = server.contract.operations[operation].success
    server.reply(operation, server.contract.example(schema), headers=headers)


def test_an_empty_bucket_is_waited_for_and_others_are_not(server):
    reply(server, "get_channel", emptied(0.4))

    first, other, again = timed(server, [("1",), ("2",), ("1",)])

    assert first < 0.3
    assert other < 0.3
    assert again > 0.3


def test_routes_that_share_a_bucket_wait_together(server):
    reply(server, "get_channel", emptied(0.0, "shared"))
    reply(server, "list_messages", emptied(0.4, "shared"))

    _, _, waited = timed(server, [("1",), ("1", "messages.list"), ("1",)])

    assert waited > 0.3


@pytest.mark.parametrize(("everywhere", "other_waits"), [(False, False), (True, True)])
def test_after_a_429_nothing_is_sent_too_early(server, everywhere, other_waits):
    server.slow_down("get_channel", 0.4, everywhere=everywhere)

    refused, other, again = timed(server, [("1",), ("2",), ("1",)])

    assert refused < 0.3
    assert (other > 0.3) is other_waits
    assert max(other, again) > 0.3
    assert len(server.requests) == 3


def test_a_long_wait_is_left_to_the_caller_and_nothing_is_sent(server):
    server.slow_down("get_channel", 3600)

    waited = timed(server, [("1",), ("1",)])

    assert max(waited) < 0.3
    assert len(server.requests) == 1


def test_requests_of_one_bucket_arrive_in_order(server):
    async def sending() -> None:
        platform = plugin.open(
            PlatformConfiguration(), {"DISCORD_TOKEN": TOKEN, "DISCORD_BASE_URL": server.address}
        )
        texts = [{"channel_id": "1", "content": str(number)} for number in range(8)]
        await gather(
            *(
                platform.perform("messages.send", text, idempotency_key=f"{number}" * 64)
                for number, text in enumerate(texts)
            )
        )
        await platform.close()

    run(sending())

    assert [each["content"] for each in server.messages] == [str(number) for number in range(8)]


def test_no_second_sees_more_than_the_global_limit():
    async def taking() -> list[float]:
        limits = RateLimits()
        times = []

        async def take(number: int) -> None:
            async with limits.turn("GET /x", f"channel_id={number}"):
                times.append(get_running_loop().time())

        await gather(*(take(number) for number in range(REQUESTS_PER_SECOND + 10)))
        return sorted(times)

    times = run(taking())

    assert times[REQUESTS_PER_SECOND] - times[0] >= 1.0
