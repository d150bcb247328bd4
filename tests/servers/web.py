"""A local web site: pages by path, and a note of what was asked for."""

import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from servers.listening import Reply, listening


class Asked(Struct):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class Site:
    """`pages` are given by path; what has none is 404."""

    def __init__(self) -> None:
        self.address = ""
        self.pages: dict[str, Reply] = {}
        self.asked: list[Asked] = []

    @property
    def port(self) -> str:
        return self.address.rpartition(":")[2]

    def page(self, path: str, body: Any, status: int = 200, **more: Any) -> str:
        """Put a page there and return its address; `kind` is its media type."""
        kind = more.pop("kind", None)
        headers = {**more.pop("headers", {}), **({"content-type": kind} if kind else {})}
        self.pages[path] = Reply(body, status, headers=headers, **more)
        return self.address + path

    def get(self, method: str, path: str, headers: Any) -> Reply:
        self.asked.append(Asked(method, path, {k.lower(): v for k, v in headers.items()}))
        return self._reply(path)

    def post(self, path: str, headers: Any, body: bytes) -> Reply:
        self.asked.append(Asked("POST", path, {k.lower(): v for k, v in headers.items()}, body))
        return self._reply(path)

    def _reply(self, path: str) -> Reply:
        return self.pages.get(path.partition("?")[0], Reply(b"nothing here", 404))


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()
    with listening(site.post, site.get, tls) as address:
        site.address = address
        yield site
