"""The platform `http` against a local site: what it sends, where it goes, and what it refuses."""

import asyncio
import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.checking import check, described, narrative
from servers.web import Site, serving

from botticelli.compiler.ir.program import ContentRules, Security
from botticelli.compiler.semantics.configuration import PlatformConfiguration
from botticelli.compiler.semantics.policies import violations
from botticelli.runtime.platforms import http as plugin
from botticelli.runtime.platforms.http.exchange import MAX_BYTES, parse_url
from botticelli.runtime.platforms.http.guard import Guard
from botticelli.runtime.platforms.protocol import PlatformError

LOCAL = ("127.0.0.0/8",)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


def perform(command: str, *, allowed: tuple[str, ...] = LOCAL, **arguments: Any) -> Any:
    async def run() -> Any:
        platform = plugin.open(PlatformConfiguration(allow_private=allowed), {})
        try:
            return await platform.perform(command, arguments, idempotency_key="0" * 64)
        finally:
            await platform.close()

    return asyncio.run(run())


def test_json_comes_as_values(site: Site) -> None:
    url = site.page("/a", {"n": [1, None]})
    answer = perform("get", url=url)
    assert answer["status"] == 200
    assert answer["body"] == {"n": [1, None]}
    assert answer["headers"]["content-type"] == "application/json"


def test_text_comes_as_text_in_its_encoding(site: Site) -> None:
    url = site.page("/a", "Perché".encode("latin-1"), kind="text/plain; charset=latin-1")
    assert perform("get", url=url)["body"] == "Perché"
    site.page("/a", gzip.compress(b"small"), kind="text/html", headers={"content-encoding": "gzip"})
    assert perform("get", url=url)["body"] == "small"


def test_query_and_headers_are_sent(site: Site) -> None:
    url = site.page("/a", {})
    query = {"q": "a b&c", "many": [1, True]}
    perform("get", url=f"{url}?x=1", query=query, headers={"X-Token": "t"})
    (asked,) = site.asked
    assert asked.path == "/a?x=1&q=a+b%26c&many=1&many=true"
    assert asked.headers["x-token"] == "t"
    assert asked.headers["host"] == f"127.0.0.1:{site.port}"


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [
        ({"json": {"a": [1]}}, b'{"a":[1]}', "application/json"),
        ({"body": "plain é"}, "plain é".encode(), None),
        ({}, b"", None),
    ],
)
def test_a_body_is_posted(site: Site, body: Any, sent: bytes, kind: str | None) -> None:
    perform("post", url=site.page("/a", {}), **body)
    (asked,) = site.asked
    assert (asked.method, asked.body) == ("POST", sent)
    assert asked.headers.get("content-type") == kind


def refused(command: str = "get", **arguments: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        perform(command, **arguments)
    return caught.value


@pytest.mark.parametrize(
    ("status", "retryable", "had_no_effect"),
    [(404, False, True), (429, True, True), (503, True, False)],
)
def test_refusals_say_whether_trying_again_is_safe(
    site: Site, status: int, retryable: bool, had_no_effect: bool
) -> None:
    url = site.page("/a", b"private words", status, headers={"retry-after": "7"})
    error = refused("post", url=url)
    assert (error.retryable, error.had_no_effect, error.retry_after) == (
        retryable,
        had_no_effect,
        7,
    )
    assert "private" not in error.message


def test_what_breaks_on_the_way_is_told_apart(site: Site) -> None:
    url = site.page("/a", {}, drop=True)
    assert refused("post", url=url).had_no_effect is False
    assert refused("get", url=url).had_no_effect is True
    assert refused("post", url="http://127.0.0.1:9/").had_no_effect is True


def test_an_answer_may_not_be_too_large(site: Site) -> None:
    url = site.page("/a", b"x" * (MAX_BYTES + 1), kind="text/plain")
    assert "over 10,000,000 bytes" in refused(url=url).message
    bomb = gzip.compress(b"x" * (MAX_BYTES + 1))
    site.page("/a", bomb, kind="text/plain", headers={"content-encoding": "gzip"})
    assert "over 10,000,000 bytes" in refused(url=url).message


def test_what_is_no_text_is_refused(site: Site) -> None:
    url = site.page("/a", b"\x89PNG", kind="image/png")
    assert "image/png, which is neither JSON nor text" in refused(url=url).message


# Redirects


def test_redirects_are_followed_within_a_host(site: Site) -> None:
    site.page("/b", {"at": "b"})
    url = site.page("/a", b"", 302, headers={"location": "/b"})
    assert perform("get", url=url)["body"] == {"at": "b"}


@pytest.mark.parametrize(
    "location",
    ["http://localhost:{port}/b", "http://127.0.0.1:9/b", "ftp://127.0.0.1/b", "http://[", ""],
)
def test_redirects_lead_nowhere_else(site: Site, location: str) -> None:
    url = site.page("/a", b"", 302, headers={"location": location.format(port=site.port)})
    refused(url=url)
    assert all(each.path == "/a" for each in site.asked)


def test_a_post_is_not_redirected(site: Site) -> None:
    url = site.page("/a", b"", 307, headers={"location": "/b"})
    assert perform("post", url=url)["status"] == 307
    assert len(site.asked) == 1


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
        "2130706433",
        "0x7f.1",
    ],
)
def test_private_addresses_are_refused(host: str) -> None:
    error = refused(url=f"http://{host}:9/", allowed=())
    assert "private address" in error.message or "cannot be found" in error.message
    assert error.had_no_effect


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.0/8", "LOCALHOST."])
def test_private_addresses_may_be_allowed(site: Site, allowed: str) -> None:
    site.page("/a", {})
    host = "localhost" if allowed == "LOCALHOST." else "127.0.0.1"
    url = f"http://{host}:{site.port}/a"
    # The site listens on IPv4 alone, whatever else the name means here.
    addresses = {each[4][0] for each in socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)}
    if addresses != {"127.0.0.1"}:
        pytest.skip("localhost is not 127.0.0.1 alone on this machine")
    assert perform("get", url=url, allowed=(allowed,))["status"] == 200


def test_public_addresses_are_not_private() -> None:
    async def resolve(host: str) -> str:
        return await Guard().resolve(host, 80)

    for host in ("8.8.8.8", "2606:4700::1111"):
        assert asyncio.run(resolve(host)) == host


def test_a_name_is_resolved_once_and_what_was_judged_is_what_is_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, names = socket.getaddrinfo, []

    def rebinding(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "rebinding.test":
            return real(host, port, *args, **kwargs)
        names.append(host)
        address = "127.0.0.1" if len(names) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    site.page("/a", {})
    url = f"http://rebinding.test:{site.port}/a"
    assert perform("get", url=url)["status"] == 200
    assert names == ["rebinding.test"]
    assert site.asked[0].headers["host"] == f"rebinding.test:{site.port}"
    assert "private address" in refused(url=url).message


def test_one_private_address_among_public_ones_is_one_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mixed(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("8.8.8.8", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    assert "private address" in refused(url="http://mixed.test/").message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http://user:word@example.com/",
        "http://allowed.example\\@10.0.0.1/",
        "http://exa mple.com/",
        "http://example.com/\nHost: other",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://[::1",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(PlatformError):
        parse_url(url)


@given(st.text(alphabet="http:/\\@#?.[]%abé\t 1"))
def test_the_host_that_policies_see_is_the_one_that_is_asked(text: str) -> None:
    from urllib.parse import urlsplit

    import httpx

    try:
        url = parse_url(f"http://{text}")
    except PlatformError:
        return
    seen = urlsplit(f"http://{text}".strip()).hostname
    assert seen is not None
    assert httpx.URL(scheme="http", host=seen).host == url.host


@pytest.mark.parametrize(
    "headers",
    [{"Host": "other"}, {"X": "a\r\nY: b"}, {"X Y": "a"}, {"": "a"}, {"X": ["a"]}, ["X"]],
)
def test_headers_cannot_change_the_request(site: Site, headers: Any) -> None:
    refused(url=site.page("/a", {}), headers=headers)
    assert site.asked == []


def test_messages_hold_nothing_of_an_address_but_its_host(site: Site) -> None:
    url = site.page("/hooks/very-secret", b"", 403)
    for error in (refused(url=f"{url}?key=secret"), refused(url="http://127.0.0.1:9/secret")):
        assert "secret" not in error.message


# Policies


RULES = Security(
    allowed_commands=("http.post",), content=ContentRules(allowed_domains=("example.com",))
)


@pytest.mark.parametrize("command", ["get", "post"])
@pytest.mark.parametrize(
    ("url", "admitted"),
    [
        ("https://example.com/a", True),
        ("https://api.example.com/a", True),
        ("https://example.com.evil.net/", False),
        ("https://evil.net/?example.com", False),
        ("https://example.com)@evil.net/", False),
        ("HTTPS://EVIL.NET", False),
    ],
)
def test_addresses_are_held_to_the_allowed_domains(command: str, url: str, admitted: bool) -> None:
    found = list(violations([RULES], "http", command, {"url": url}, writes=command == "post"))
    assert (found == []) == admitted


def test_without_domains_every_public_host_may_be_read() -> None:
    rules = [Security(content=ContentRules(max_length=5))]
    assert list(violations(rules, "http", "get", {"url": "https://a.net/"}, writes=False)) == []


def test_the_checker_knows_the_domains_too(tmp_path: Path) -> None:
    bots = '[bots.it]\nplatform = "http"\ncommand = "get"\nurl = "https://evil.net/a"\n'
    rules = '[security.content]\nallowed_domains = ["example.com"]\nmax_length = 3\n'
    text = narrative('"a"', 'a = "bots.it"', bots, rules)
    assert described(check(tmp_path, {"main.toml": text})) == ["BOT608 10: https://evil.net/a"]


def test_a_narrative_fetches_and_uses_what_it_got(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from botticelli.cli.main import cli

    url = site.page("/weather", {"sky": "blue"})
    (tmp_path / "botticelli.toml").write_text('[platforms.http]\nallow_private = ["127.0.0.1"]\n')
    (tmp_path / "a.toml").write_text(
        f'[narrative]\nname = "a"\ntoc = ["look", "tell"]\n[bots.it]\nplatform = "http"\n'
        f'command = "get"\nurl = "{url}"\nrequired = true\n[acts]\nlook = "bots.it"\n'
        'tell = "{{ look.body.sky }}"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    result = CliRunner().invoke(cli, ["exec", "a.toml", "--driver", "simulate", "--events", "e"])
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in (tmp_path / "e").read_text().splitlines()]
    assert [each["outcome"] for each in events if each["event"] == "command"] == ["done"]
