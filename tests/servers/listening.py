"""Real sockets for the local servers: what is answered, and how it goes wrong on the way."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Reply:
    """One answer of a server. `slow` seconds pass first; `drop` closes the connection instead, and
    `short` closes it in the middle of the body. `events` are streamed, each a name and its data.
    `cut` sends the body in pieces of so many bytes, with a `pause` in seconds after each."""

    def __init__(
        self,
        body: Any = None,
        status: int = 200,
        *,
        headers: dict[str, str] | None = None,
        events: list[tuple[str | None, Any]] | None = None,
        slow: float = 0.0,
        drop: bool = False,
        short: bool = False,
        cut: int | None = None,
        pause: float = 0.0,
    ) -> None:
        kind = "application/json" if events is None else "text/event-stream"
        if events is not None:
            body = "".join(map(_event, events)).encode()
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = {"content-type": kind, **(headers or {})}
        self.slow = slow
        self.drop = drop
        self.short = short
        self.cut = cut
        self.pause = pause


def _event(event: tuple[str | None, Any]) -> str:
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in text):  # halves are escaped only
        text = json.dumps(data)
    return (f"event: {name}\r\n" if name else "") + f"data: {text}\r\n\r\n"


def _server(
    handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None
) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        # The handshake is its thread's, so that one that fails holds up nobody.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    return server


@contextlib.contextmanager
def listening(
    take: Callable[[str, Any, bytes], Reply],
    other: Callable[[str, str, Any], Reply] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """Serve on a free port of this machine, and yield the address. `take` gets path, headers and
    body of each POST, `other` method, path with its query, and headers of each GET and DELETE."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a head and a body are 40 ms apart

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            self._answer(take(self.path.partition("?")[0], self.headers, data))

        def _answer(self, reply: Reply) -> None:
            time.sleep(reply.slow)
            if reply.drop:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            with contextlib.suppress(OSError):
                self._send(reply)

        def do_GET(self) -> None:
            assert other is not None
            self._answer(other(self.command, self.path, self.headers))

        do_DELETE = do_GET  # noqa: N815 - the base class's form

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            body = reply.body[: len(reply.body) // 2] if reply.short else reply.body
            size = reply.cut or len(body) or 1
            for start in range(0, len(body), size):
                self.wfile.write(body[start : start + size])
                if reply.cut is not None:
                    self.wfile.flush()
                    time.sleep(reply.pause)
            self.close_connection = reply.short or self.close_connection

        def log_message(self, *_: Any) -> None:
            pass

    server = _server(Handler, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
