"""Waiting until bytes can be read, for a short time without sleeping."""

from __future__ import annotations

# By name: user code may replace what these modules hold, as `gevent` and `eventlet` do.
from os import sched_yield
from select import POLLIN, poll
from socket import socket
from time import monotonic
from typing import Final

_SHORT_SECONDS: Final = 70e-6
"""A little more than Node takes from one answer to the next request, when this core has slept meanwhile."""

_MOST_LOOKS: Final = 1_000
"""More than fit into that time. User code may have stopped the clock, as `freezegun` does."""


class InputWait:
    """Waits for the input of one socket.

    A core that sleeps takes longer to wake than most calls take. So where the wait before was short, the next
    one begins awake: for as long as a short one takes, and only while no other process wants the core. What
    has to wait for longer costs that once, and sleeps from then on.
    """

    def __init__(self, connection: socket) -> None:
        """Begin with a socket; the first wait sleeps."""
        self._poller = poll()
        self._poller.register(connection, POLLIN)
        self._was_short = False

    def wait(self) -> None:
        """Return when a read would not block."""
        began = monotonic()
        if not (self._was_short and self._comes_within(began + _SHORT_SECONDS)):
            self._poller.poll()
        self._was_short = monotonic() - began < _SHORT_SECONDS

    def _comes_within(self, end: float) -> bool:
        for _ in range(_MOST_LOOKS):
            if self._poller.poll(0):
                return True
            if monotonic() > end:
                return False
            sched_yield()
        return False
