"""Which addresses of the network may be reached: public ones, and private ones that are allowed.

A name is resolved once, every address that it has is judged, and the connection is made to one of
those: a name that means something else a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from botticelli.runtime.platforms.protocol import PlatformError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")


class Guard:
    """`allowed` are networks (`10.0.0.0/8`), addresses, and names of hosts whose private addresses
    may be reached."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for text in allowed:
            try:
                self._networks.append(ip_network(text.strip("[]"), strict=False))
            except ValueError:
                self._hosts.add(_folded(text))

    async def resolve(self, host: str, port: int) -> str:
        """Return an address of a host to connect to. Raises PlatformError."""
        addresses = await _addresses(host, port)
        if _folded(host) not in self._hosts:
            for address in addresses:
                if not self._admits(address):
                    raise PlatformError(
                        f"{host} is at a private address; if it is to be reached, name it in "
                        "`allow_private` of [platforms.http] in botticelli.toml"
                    )
        return str(addresses[0])

    def _admits(self, address: Address) -> bool:
        inner = _inner(address)
        if inner.is_global and not inner.is_multicast:
            return True
        return any(
            each in network
            for network in self._networks
            for each in (address, inner)
            if each.version == network.version
        )


def _folded(host: str) -> str:
    return host.strip().rstrip(".").casefold()


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


async def _addresses(host: str, port: int) -> list[Address]:
    try:
        return [ip_address(host)]
    except ValueError:
        pass
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a name"
        temporary = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise PlatformError(f"{host} cannot be found: {why}", retryable=temporary) from None
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))
