"""Where in a run something happens: a stable name for every effect.

The same program and the same answers give the same addresses, whatever the timing. They key
stored rows and idempotency keys, and tell a person where to look.
"""

from hashlib import sha256

from msgspec import Struct


class Address(Struct, frozen=True):
    """A path of calls, iterations, items and acts, and the attempt at what stands there."""

    steps: tuple[str, ...]
    attempt: int = 1

    def into(self, *steps: str) -> "Address":
        return Address((*self.steps, *steps))

    def again(self, attempt: int) -> "Address":
        return Address(self.steps, attempt)

    def __str__(self) -> str:
        path = "/".join(self.steps)
        return path if self.attempt == 1 else f"{path}#{self.attempt}"


def idempotency_key(run: str, address: Address) -> str:
    """Return 64 hexadecimal digits that name one effect of one run, the same at every attempt."""
    return sha256(f"{run}\0{address}".encode()).hexdigest()
