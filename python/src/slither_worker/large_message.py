"""Messages that do not come in one piece."""

from __future__ import annotations

from socket import socket
from typing import Final, cast

from slither_worker.frames import Frame

_SKIP_BYTES: Final = 256 * 1024


class MessageTooLargeError(MemoryError):
    """There is no memory for a message, which was skipped; `call` is the id of its call."""

    def __init__(self, kind: int, call: int, length: int) -> None:
        """Describe a message whose body has `length` bytes."""
        super().__init__(f"there is no memory for a message of {length} bytes")
        self.kind = kind
        self.call = call


Arrived = Frame | MessageTooLargeError
"""What has come: a message, or that there was one."""


class LargeMessage:
    """The body of a message that does not fit into one piece; without memory for it, it is skipped."""

    def __init__(self, kind: int, call: int, length: int, start: bytes) -> None:
        """Begin with what has come of it."""
        self._kind = kind
        self._call = call
        self._length = length
        self._bytes: bytearray | None = None
        self._done: tuple[int, list[int]] = (len(start), [])
        """How many bytes have come, and how many more each time since that was added up."""
        try:
            made = bytearray(length)
        except MemoryError as error:
            if error.args:  # That of `interrupts` has a text.
                raise
        else:
            made[: len(start)] = start
            self._bytes = made

    def fill(self, connection: socket) -> bool:
        """Read more of it; false at the end of file."""
        before, counts = self._done
        done = before + sum(counts)
        if self._bytes is None:
            target = memoryview(bytearray(min(self._length - done, _SKIP_BYTES)))
        else:
            target = memoryview(self._bytes)[done:]
        counts = []
        self._done = (done, counts)
        counts.extend(map(connection.recv_into, (target,)))
        return counts[0] > 0

    def whole(self) -> Arrived | None:
        """Return the message, when all of it has come."""
        before, counts = self._done
        if before + sum(counts) < self._length:
            return None
        if self._bytes is None:
            return MessageTooLargeError(self._kind, self._call, self._length)
        return Frame(self._kind, self._call, cast("bytes", self._bytes))  # It is only decoded.
