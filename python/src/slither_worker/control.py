"""The channel on which a process is told something while it computes."""

from __future__ import annotations

import fcntl
import os
import signal
from socket import MSG_DONTWAIT, socket
from types import FrameType
from typing import Final

from slither_worker import at_fork
from slither_worker.frames import Frame, FrameParser
from slither_worker.interrupts import interrupt

_READ_BYTES: Final = 64 * 1024


class Control:
    """Reads a socket whenever something arrives on it, in a signal handler of the main thread."""

    def __init__(self, connection: socket) -> None:
        """Take over a connected stream socket; processes that are forked from this one lose it."""
        self._socket = connection
        self._parser = FrameParser()
        self._reading = False
        self._more = False
        at_fork.detach_in_children(connection)

    def listen(self) -> None:
        """Have the kernel send SIGIO to this process, and to no other, for what arrives from now on."""
        if not hasattr(fcntl, "F_SETOWN") or not hasattr(os, "O_ASYNC"):
            return  # Node then ends what it cannot stop.
        signal.signal(signal.SIGIO, self._on_signal)
        fcntl.fcntl(self._socket, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self._socket, fcntl.F_SETFL, fcntl.fcntl(self._socket, fcntl.F_GETFL) | os.O_ASYNC)

    def close(self) -> None:
        """Close the socket. The signal is ignored from now on: by default it would end the process."""
        if signal.getsignal(signal.SIGIO) == self._on_signal:
            signal.signal(signal.SIGIO, signal.SIG_IGN)
        at_fork.forget(self._socket)
        self._socket.close()

    def _on_signal(self, _: int, stack: FrameType | None) -> None:
        # Another signal may interrupt this very function. It then only asks this one to read once more.
        messages: list[Frame] = []
        self._more = True
        while self._more and not self._reading:
            self._reading = True
            try:
                self._more = False
                messages += self._read()
            finally:
                self._reading = False
        interrupt(messages, stack)

    def _read(self) -> list[Frame]:
        messages: list[Frame] = []
        try:
            while data := self._socket.recv(_READ_BYTES, MSG_DONTWAIT):
                messages += self._parser.feed(data)
        except OSError:  # Nothing more is there, or user code has closed the descriptor.
            pass
        return messages
