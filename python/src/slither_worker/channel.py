"""Frames on a socket to Node."""

from __future__ import annotations

import mmap
import threading
from socket import socket
from typing import Final, NamedTuple

from slither_worker import at_fork
from slither_worker.frames import Frame, frame_bytes
from slither_worker.input_wait import InputWait
from slither_worker.large_message import Arrived, LargeMessage, MessageTooLargeError
from slither_worker.protocol import HEADER

_READ_BYTES: Final = 256 * 1024
_SMALL_BODY_BYTES: Final = 64 * 1024


class _Received(NamedTuple):
    """What was read and not taken yet."""

    pieces: list[bytes]
    start: int
    """Where in the first piece the next frame begins."""
    body: LargeMessage | None
    """That of the frame that is being read, where it is large."""
    first: Arrived | None
    """The next message, which is whole."""
    counts: list[int]
    """How many bytes the buffer has behind the pieces: one number, or none."""


_Part = tuple[memoryview | bytes, list[int]]
"""Bytes that are to be sent, and how many of them were, each time."""


class Channel:
    """Sends and receives frames. One thread reads at a time; any may send.

    User code waits for answers here, so an exception may be raised by a signal handler between any two
    instructions. Nothing is lost or doubled then: what the socket has given or taken is noted in the same
    call of C code (`list.extend` over `map`), and everything else becomes true by one assignment.
    """

    def __init__(self, connection: socket) -> None:
        """Take over a connected stream socket; processes that are forked from this one lose it."""
        self._socket = connection
        self._input = InputWait(connection)
        # Untouched, it takes no memory.
        self._buffer = memoryview(mmap.mmap(-1, _READ_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        self._received = _Received([], 0, None, None, [])
        self._unsent: tuple[_Part, ...] = ()
        self.sending = threading.RLock()
        """Held while a frame is sent."""
        at_fork.detach_in_children(connection)

    def fileno(self) -> int:
        """Return the descriptor of the socket, for `poll`."""
        return self._socket.fileno()

    def receive(self) -> Frame | None:
        """Wait for the next frame; `None` when the other side is gone, also in the middle of a frame.

        Raises `MessageTooLargeError`, after which the next frame can be received.
        """
        while (arrived := self.arrived()) is None:
            if not self.read():
                return None
        self.take()
        if isinstance(arrived, MessageTooLargeError):
            raise arrived
        return arrived

    def arrived(self) -> Arrived | None:
        """Return the next message that was read, the same one until `take` is called."""
        pieces, start, body, first, counts = self._received
        if first is not None:
            return first
        if body is not None:
            first = body.whole()
            if first is not None:
                self._received = _Received([], 0, None, first, [])
            return first
        if counts:
            if not pieces:
                first = self._cut(self._buffer, 0, counts[0])
                if first is not None or self._received.body is not None:
                    return first
            pieces = [*pieces, self._buffer[: counts[0]].tobytes()]
            self._received = _Received(pieces, start, None, None, [])
        if len(pieces) > 1:
            pieces, start = [b"".join(pieces)[start:]], 0
            self._received = _Received(pieces, start, None, None, [])
        return self._cut(pieces[0], start, len(pieces[0])) if pieces else None

    def take(self) -> None:
        """Go on to what comes after the message that has arrived."""
        pieces, start, body, _, counts = self._received
        self._received = _Received(pieces, start, body, None, counts)

    def read(self) -> bool:
        """Wait for more bytes, when no message has arrived; false at the end of file."""
        _, _, body, _, counts = self._received
        try:
            if body is not None:
                return body.fill(self._socket)
            self._input.wait()
            counts.extend(map(self._socket.recv_into, (self._buffer,)))
        except OSError:  # Reset by the other side, or closed by user code that closes all descriptors.
            return False
        return counts[0] > 0

    def _cut(self, data: bytes | memoryview, start: int, stop: int) -> Arrived | None:
        begin = start + HEADER.size
        if stop < begin:
            return None
        length, kind, call = HEADER.unpack_from(data, start)
        end = begin + length
        if end <= stop:
            frame = Frame(kind, call, bytes(data[begin:end]))
            if end == stop:
                self._received = _Received([], 0, None, frame, [])
            elif isinstance(data, bytes):
                self._received = _Received([data], end, None, frame, [])
            else:
                self._received = _Received([data[end:stop].tobytes()], 0, None, frame, [])
            return frame
        if length > _SMALL_BODY_BYTES:
            body = LargeMessage(kind, call, length, bytes(data[begin:stop]))
            self._received = _Received([], 0, body, None, [])
        return None

    def send(self, kind: int, call: int, body: bytes) -> bool:
        """Send one frame; false when the other side is gone."""
        parts: tuple[_Part, ...]
        if len(body) <= _SMALL_BODY_BYTES:
            # Copying a small body is cheaper than a second system call, and the reader wakes up once.
            parts = ((frame_bytes(kind, call, body), []),)
        else:
            parts = ((HEADER.pack(len(body), kind, call), []), (memoryview(body), []))
        with self.sending:
            # First the rest of a frame whose sending was interrupted.
            if self._unsent and not self._flush():
                return False
            self._unsent = parts
            return self._flush()

    def _flush(self) -> bool:
        while self._unsent:
            data, counts = self._unsent[0]
            done = sum(counts)
            if done == len(data):
                self._unsent = self._unsent[1:]
                continue
            try:
                counts.extend(map(self._socket.send, (data[done:] if done else data,)))
            except OSError:
                return False
        return True

    def close(self) -> None:
        """Close the socket, and forget what was received and not read."""
        at_fork.forget(self._socket)
        self._received = _Received([], 0, None, None, [])
        self._unsent = ()
        self._socket.close()
