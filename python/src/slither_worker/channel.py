"""Frames on a socket to Node."""

from __future__ import annotations

from socket import socket
from typing import Final

from slither_worker import at_fork
from slither_worker.frames import Frame, frame_bytes
from slither_worker.protocol import HEADER

_READ_BUFFER_BYTES: Final = 256 * 1024
_SMALL_BODY_BYTES: Final = 64 * 1024


class MessageTooLargeError(MemoryError):
    """There is no memory for a message, which was skipped; `call` is the id of its call."""

    def __init__(self, call: int, length: int) -> None:
        """Describe a message whose body has `length` bytes."""
        super().__init__(f"there is no memory for a message of {length} bytes")
        self.call = call


class Channel:
    """Sends and receives frames, one at a time, from one thread."""

    def __init__(self, connection: socket) -> None:
        """Take over a connected stream socket; processes that are forked from this one lose it."""
        self._socket = connection
        self._reader = connection.makefile("rb", buffering=_READ_BUFFER_BYTES)
        at_fork.detach_in_children(connection)

    def receive(self) -> Frame | None:
        """Wait for the next frame; `None` when the other side is gone, also in the middle of a frame.

        Raises `MessageTooLargeError`, after which the next frame can be received.
        """
        try:
            header = self._reader.read(HEADER.size)
            if len(header) < HEADER.size:
                return None
            length, kind, call = HEADER.unpack(header)
            body = self._read_body(call, length)
        except OSError:  # Reset by the other side, or closed by user code that closes all descriptors.
            return None
        return Frame(kind, call, body) if len(body) == length else None

    def _read_body(self, call: int, length: int) -> bytes:
        try:
            body: bytes = self._reader.read(length)
        except MemoryError:  # Before anything was read.
            left = length
            while left > 0 and (skipped := self._reader.read(min(left, _READ_BUFFER_BYTES))):
                left -= len(skipped)
            raise MessageTooLargeError(call, length) from None
        return body

    def send(self, kind: int, call: int, body: bytes) -> bool:
        """Send one frame; false when the other side is gone."""
        try:
            if len(body) <= _SMALL_BODY_BYTES:
                # Copying a small body is cheaper than a second system call, and the reader wakes up once.
                self._socket.sendall(frame_bytes(kind, call, body))
            else:
                self._socket.sendall(HEADER.pack(len(body), kind, call))
                self._socket.sendall(body)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket, and forget what was received and not read."""
        at_fork.forget(self._socket)
        self._reader.close()
        self._socket.close()
