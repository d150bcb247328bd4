"""Connections to an address that was judged, and certificates that must be the host's: a local
server with certificates of an authority that is made for the test."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from servers.web import Site, serving

from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.runtime.platforms import http as plugin
from botticelli.runtime.platforms.http import exchange
from botticelli.runtime.platforms.http.exchange import Exchange, Outgoing
from botticelli.runtime.platforms.http.guard import Guard
from botticelli.runtime.platforms.protocol import PlatformError

HOST = "painter.test"


class Shown:
    """A server's names: which certificate it has, and which name it was asked for."""

    def __init__(self, authority: trustme.CA, *names: str) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*names).configure_cert(self.context)
        self.asked: list[str | None] = []
        self.context.sni_callback = lambda connection, name, context: self.asked.append(name)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def surroundings(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Trust the authority, and find the host's name at this machine; what is looked up is noted."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    looked_up: list[str] = []

    async def getaddrinfo(self: Any, host: str, port: int, **more: Any) -> Any:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return looked_up


@contextmanager
def site(shown: Shown, host: str = HOST) -> Iterator[Site]:
    with serving(shown.context) as running:
        running.address = f"https://{host}:{running.port}"
        yield running


def get(url: str) -> Any:
    async def run() -> Any:
        platform = plugin.open(PlatformConfiguration(allow_private=("127.0.0.0/8",)), {})
        try:
            return await platform.perform("get", {"url": url}, idempotency_key="0" * 64)
        finally:
            await platform.close()

    return asyncio.run(run())


def refused(url: str) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        get(url)
    return caught.value


def test_the_certificate_is_that_of_the_name(
    authority: trustme.CA, surroundings: list[str]
) -> None:
    shown = Shown(authority, HOST)
    with site(shown) as running:
        assert get(running.page("/a", {"n": 1}))["body"] == {"n": 1}
        assert shown.asked == [HOST]
        assert running.asked[0].headers["host"] == f"{HOST}:{running.port}"
    # Asked once: what was judged is what was connected to.
    assert surroundings == [HOST]


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1", "*.painter.test"])
def test_a_certificate_of_another_name_is_none(authority: trustme.CA, name: str) -> None:
    with site(Shown(authority, name)) as running:
        error = refused(running.page("/a", {}))
        assert f"{HOST} is not to be trusted: Hostname mismatch" in error.message
        assert not error.retryable
        assert running.asked == []


def test_a_certificate_of_an_unknown_authority_is_none() -> None:
    with site(Shown(trustme.CA(), HOST)) as running:
        error = refused(running.page("/a", {}))
        assert "is not to be trusted" in error.message
        assert not error.retryable
        assert running.asked == []


def test_an_address_is_held_to_its_own_certificate(authority: trustme.CA) -> None:
    with site(Shown(authority, "127.0.0.1"), "127.0.0.1") as running:
        assert get(running.page("/a", {}))["status"] == 200
    with site(Shown(authority, HOST), "127.0.0.1") as running:
        assert "is not to be trusted" in refused(running.page("/a", {})).message


def test_a_redirect_from_https_leads_to_nothing_less(authority: trustme.CA) -> None:
    with site(Shown(authority, HOST)) as running:
        plain = f"http://{HOST}:{running.port}/b"
        url = running.page("/a", b"", 302, headers={"location": plain})
        assert "redirects to another host" in refused(url).message
        within = running.page("/b", {"b": 1})
        url = running.page("/a", b"", 302, headers={"location": within})
        assert get(url)["body"] == {"b": 1}


def test_one_host_does_not_answer_for_another_at_the_same_address(
    authority: trustme.CA,
) -> None:
    shown = Shown(authority, HOST)

    async def both(running: Site) -> list[Any]:
        platform = plugin.open(PlatformConfiguration(allow_private=("127.0.0.0/8",)), {})
        other = running.address.replace(HOST, "other.test")
        try:
            return await asyncio.gather(
                platform.perform("get", {"url": running.address}, idempotency_key="0" * 64),
                platform.perform("get", {"url": other}, idempotency_key="1" * 64),
                return_exceptions=True,
            )
        finally:
            await platform.close()

    with site(shown) as running:
        running.page("", {})
        running.page("/", {})
        mine, other = asyncio.run(both(running))
    assert mine["status"] == 200
    assert isinstance(other, PlatformError)
    assert "not to be trusted" in other.message


def test_an_answer_that_never_ends_is_given_up(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SECONDS_TO_ANSWER", 0.3)

    async def run(url: str) -> None:
        sending = Exchange(Guard(("127.0.0.0/8",)))
        try:
            await sending.send(Outgoing(method="GET", url=url))
        finally:
            await sending.close()

    with site(Shown(authority, HOST)) as running:
        url = running.page("/a", b"x" * 40, cut=1, pause=0.05)
        with pytest.raises(PlatformError, match=r"not answered in full within 0\.3 s") as caught:
            asyncio.run(run(url))
    assert caught.value.retryable
