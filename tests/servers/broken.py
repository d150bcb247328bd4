"""Servers that do not keep to HTTP, or send what no API sends: bytes on a socket, as told."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket], None]


def sends(data: bytes) -> Behaviour:
    return lambda connection: connection.sendall(data)


def answers(
    body: bytes, status: str = "200 OK", kind: str = "application/json", *headers: str
) -> Behaviour:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}"]
    return sends("\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body)


def goes_on(head: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Never ends, until the other side does."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return behave


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says_nothing(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)  # until the other side goes


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Behave so towards whoever has sent a request, and yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                thread = threading.Thread(target=_serve, args=(connection, behaviour))
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def _serve(connection: socket.socket, behaviour: Behaviour) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(20)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        names = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(names.get(b"content-length", 0)):
            body += connection.recv(65536)
        behaviour(connection)
