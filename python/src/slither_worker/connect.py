"""Connections to Node: each says first who it comes from and what it is for."""

from __future__ import annotations

import os
import sys

# By name, at once: user code may replace what stands in the module, and copies of it connect after that.
from fcntl import F_DUPFD_CLOEXEC, fcntl
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Final

import msgspec

from slither_worker.frames import frame_bytes
from slither_worker.protocol import NO_CALL, VERSION, ChannelName, Kind

_PYTHON: Final = sys.version.split()[0]
_LAST_STANDARD_STREAM: Final = 2


def connect(path: str, token: str, channel: ChannelName) -> socket:
    """Connect this process to the socket at `path` and say HELLO; raises `OSError` when Node is gone."""
    connection = _connected(path)
    say_hello(connection, token, channel, os.getpid())
    return connection


def connect_for_child(path: str, token: str, channel: ChannelName) -> socket:
    """Connect a process that does not exist yet, whose id nobody knows; raises `OSError`."""
    connection = _connected(path)
    if connection.fileno() <= _LAST_STANDARD_STREAM:
        # User code has closed a stream; the child will put another in its place.
        low = connection
        connection = socket(fileno=fcntl(low, F_DUPFD_CLOEXEC, _LAST_STANDARD_STREAM + 1))
        low.close()
    say_hello(connection, token, channel, None)
    return connection


def say_hello(connection: socket, token: str, channel: ChannelName, pid: int | None) -> None:
    """Say who is at this end; raises `OSError` when Node is gone."""
    hello = {"protocol": VERSION, "token": token, "channel": channel, "pid": pid, "python": _PYTHON}
    connection.sendall(frame_bytes(Kind.HELLO, NO_CALL, msgspec.msgpack.encode(hello)))


def _connected(path: str) -> socket:
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.settimeout(None)  # User code may have set another default.
    connection.connect(path)
    return connection
