"""What a run uses: requests and tokens in total and by effect, and which requests are under way.

The books follow the event stream. The journal is told of what is under way, and of what a failed
attempt has used, so that a run that is killed knows it afterwards.
"""

import asyncio
import contextlib

from botticelli.runtime.events import Answered, Event, RequestSent, RequestSettled, Retrying
from botticelli.runtime.journal.entries import RunEntries
from botticelli.runtime.journal.records import Spent
from botticelli.runtime.problems import StoreError

_COUNTED = frozenset((Answered, RequestSent, RequestSettled, Retrying))


class RunBooks:
    """The books of one run; `spent` is what it has used so far, before this process as well."""

    def __init__(self, entries: RunEntries, spent: Spent) -> None:
        self._entries = entries
        self.spent = spent
        self._unsettled: dict[str, Spent] = {}
        self._sent: dict[str, None] = {}

    def count(self, event: Event) -> None:
        """Enter what an event says of requests."""
        if type(event) not in _COUNTED:
            return
        match event:
            case RequestSent(address=address):
                if not self._sent:
                    asyncio.get_running_loop().call_soon(self._note_sent)
                self._sent[address] = None
            case RequestSettled(address=address):
                self._sent.pop(address, None)
                self._use(address, Spent(event.requests, event.input_tokens, event.output_tokens))
            case Answered(address=address, cost=cost):
                self._use(address, Spent(cost=cost))
            case Retrying(address=address) if address in self._unsettled:
                self._entries.settle(address, self._unsettled.pop(address))
            case _:
                pass

    def lose(self, address: str, lost: Spent) -> None:
        """Count a request that was under way when an earlier process ended."""
        self._entries.settle(address, lost)
        self.spent = self.spent.plus(lost)

    def take(self, address: str) -> Spent:
        """Return what an effect has used and the journal does not know yet."""
        return self._unsettled.pop(address, Spent())

    def _note_sent(self) -> None:
        """Note which requests are under way; all that start together are noted together."""
        sent, self._sent = tuple(self._sent), {}
        if sent:
            # A journal that cannot be written ends the run at its next entry.
            with contextlib.suppress(StoreError):
                self._entries.sent(sent)

    def _use(self, address: str, spent: Spent) -> None:
        self.spent = self.spent.plus(spent)
        self._unsettled[address] = self._unsettled.get(address, Spent()).plus(spent)
