"""Connections to Node: each says first who it comes from and what it is for."""

from __future__ import annotations

import os
import sys

# By name, at once: user code may replace what stands in the module, and copies of it connect after that.
from socket import AF_UNIX, SOCK_STREAM, socket

import msgspec

from slither_worker.frames import frame_bytes
from slither_worker.protocol import NO_CALL, VERSION, ChannelName, Kind


def connect(path: str, token: str, channel: ChannelName) -> socket:
    """Connect to the socket at `path` and say HELLO; raises `OSError` when Node is gone."""
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.settimeout(None)  # User code may have set another default.
    connection.connect(path)
    hello = {
        "protocol": VERSION,
        "token": token,
        "channel": channel,
        "pid": os.getpid(),
        "python": sys.version.split()[0],
    }
    connection.sendall(frame_bytes(Kind.HELLO, NO_CALL, msgspec.msgpack.encode(hello)))
    return connection
