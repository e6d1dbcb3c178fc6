"""Asking views, and a bare echo over the same kind of socket, from Python."""

from __future__ import annotations

import socket
import struct
import time

from slither_worker import view

_LENGTH = struct.Struct("<I")


def ask(name: str, count: int) -> list[float]:
    """Ask a view for one key, `count` times; give the microseconds of each."""
    times = []
    for key in range(count):
        began = time.perf_counter()
        view(name, key=key)
        times.append((time.perf_counter() - began) * 1e6)
    return times


def ask_many(name: str, keys: int, count: int) -> list[float]:
    """Ask a view for `keys` keys at once, `count` times; give the microseconds of each."""
    asked = list(range(keys))
    times = []
    for _ in range(count):
        began = time.perf_counter()
        view(name, keys=asked)
        times.append((time.perf_counter() - began) * 1e6)
    return times


def echo(path: str, size: int, count: int) -> list[float]:
    """Send a message to a socket, and wait until it is back, `count` times; give the microseconds of each."""
    times = []
    message = _LENGTH.pack(size) + bytes(size)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        reader = connection.makefile("rb")
        for _ in range(count):
            began = time.perf_counter()
            connection.sendall(message)
            reader.read(len(message))
            times.append((time.perf_counter() - began) * 1e6)
    return times
