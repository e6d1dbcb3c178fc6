"""Waiting until bytes can be read, for a short time without sleeping."""

from __future__ import annotations

import os
import select
import time
from socket import socket
from typing import Final

_SHORT_SECONDS: Final = 70e-6
"""A little more than Node takes from one answer to the next request, when this core has slept meanwhile."""


class InputWait:
    """Waits for the input of one socket.

    A core that sleeps takes longer to wake than most calls take. So where the wait before was short, the next
    one begins awake: for as long as a short one takes, and only while no other process wants the core. What
    has to wait for longer costs that once, and sleeps from then on.
    """

    def __init__(self, connection: socket) -> None:
        """Begin with a socket; the first wait sleeps."""
        self._poller = select.poll()
        self._poller.register(connection, select.POLLIN)
        self._was_short = False

    def wait(self) -> None:
        """Return when a read would not block."""
        began = time.monotonic()
        if not (self._was_short and self._comes_within(began + _SHORT_SECONDS)):
            self._poller.poll()
        self._was_short = time.monotonic() - began < _SHORT_SECONDS

    def _comes_within(self, end: float) -> bool:
        while not self._poller.poll(0):
            if time.monotonic() > end:
                return False
            os.sched_yield()
        return True
