"""Frames on the socket between a worker and Node."""

from __future__ import annotations

import os
import socket
from typing import Final, NamedTuple

from slither_worker.protocol import HEADER

_READ_BUFFER_BYTES: Final = 256 * 1024
_SMALL_BODY_BYTES: Final = 64 * 1024


class Frame(NamedTuple):
    """One message as it came: the body is not decoded yet."""

    kind: int
    call: int
    body: bytes


class Channel:
    """Sends and receives frames, one at a time, from one thread."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connected stream socket."""
        self._socket = connection
        self._reader = connection.makefile("rb", buffering=_READ_BUFFER_BYTES)

    def receive(self) -> Frame | None:
        """Wait for the next frame; `None` when the other side is gone, also in the middle of a frame."""
        try:
            header = self._reader.read(HEADER.size)
            if len(header) < HEADER.size:
                return None
            length, kind, call = HEADER.unpack(header)
            body = self._reader.read(length)
        except ConnectionError:
            return None
        return Frame(kind, call, body) if len(body) == length else None

    def send(self, kind: int, call: int, body: bytes) -> None:
        """Send one frame; raises `ConnectionError` when the other side is gone."""
        header = HEADER.pack(len(body), kind, call)
        if len(body) <= _SMALL_BODY_BYTES:
            # Copying a small body is cheaper than a second system call, and the reader wakes up once.
            self._socket.sendall(header + body)
        else:
            self._socket.sendall(header)
            self._socket.sendall(body)

    def detach_in_forked_children(self) -> None:
        """Keep processes that user code forks away from the channel.

        A copy of the socket in such a child would keep Node from seeing that the worker is gone. The
        descriptor is replaced, not closed: its number must not come to mean another file.
        """
        os.register_at_fork(after_in_child=self._detach)

    def _detach(self) -> None:
        descriptor = self._socket.fileno()
        if descriptor >= 0:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, descriptor, inheritable=False)
            os.close(nowhere)

    def close(self) -> None:
        """Close the socket."""
        self._reader.close()
        self._socket.close()
