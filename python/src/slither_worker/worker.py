"""A worker from its start to its end: connect, shake hands, answer messages, leave."""

from __future__ import annotations

import gc
import io
import os
import socket
import sys
from typing import Final

import msgspec

from slither_worker import search_path, session
from slither_worker.channel import Channel
from slither_worker.lifetime import die_with_parent, leave
from slither_worker.protocol import NO_CALL, VERSION, Kind
from slither_worker.runtime import Runtime

_TOKEN_VARIABLE: Final = "SLITHER_TOKEN"
_USAGE: Final = (
    f"{_TOKEN_VARIABLE}=... python slither_worker --socket PATH (slither-ts starts this; it is no command)"
)
# Decoding a batch makes thousands of objects that live on. With Python's own thresholds the collector, which
# visits every object of every imported library, is most of the slowest calls.
_COLLECTOR_THRESHOLDS: Final = (50_000, 20, 50)


class _Welcome(msgspec.Struct, rename="camel"):
    session: str
    python_path: list[str]


def main() -> None:
    """Run a worker; returns only by ending the process."""
    # Taken out at once, so that no child process of user code inherits it.
    token = os.environ.pop(_TOKEN_VARIABLE, None)
    if len(sys.argv) != 3 or sys.argv[1] != "--socket" or not token:
        sys.exit(f"usage: {_USAGE}")
    die_with_parent()
    _print_promptly()
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
    channel = Channel(_connect(sys.argv[2]))
    channel.detach_in_forked_children()
    if _shake_hands(channel, token):
        serve(channel, Runtime())
    leave()


def serve(channel: Channel, runtime: Runtime) -> None:
    """Answer messages in the order of arrival until CLOSE, or until the other side is gone."""
    while _serve_one(channel, runtime):
        pass


def _serve_one(channel: Channel, runtime: Runtime) -> bool:
    # A function of its own: nothing of a large message stays in memory while the worker waits for the next.
    frame = channel.receive()
    if frame is None or frame.kind == Kind.CLOSE:
        return False
    call = frame.call
    work = runtime.read(frame.kind, frame.body)
    del frame
    answer = work()
    return answer is None or _send(channel, answer[0], call, answer[1])


def _send(channel: Channel, kind: Kind, call: int, body: bytes) -> bool:
    try:
        channel.send(kind, call, body)
    except ConnectionError:
        return False
    return True


def _connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    return connection


def _shake_hands(channel: Channel, token: str) -> bool:
    hello = {"protocol": VERSION, "token": token, "pid": os.getpid(), "python": sys.version.split()[0]}
    if not _send(channel, Kind.HELLO, NO_CALL, msgspec.msgpack.encode(hello)):
        return False
    frame = channel.receive()
    if frame is None:
        return False
    if frame.kind != Kind.WELCOME:
        sys.exit(f"slither_worker: expected the message WELCOME, got kind 0x{frame.kind:02x}")
    welcome = msgspec.msgpack.decode(frame.body, type=_Welcome)
    session.begin(welcome.session)
    search_path.insert_after_standard_library(welcome.python_path)
    return _send(channel, Kind.READY, NO_CALL, msgspec.msgpack.encode(None))


def _print_promptly() -> None:
    # Node reads the lines of both streams as UTF-8, and a line that cannot be encoded must not fail the call.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
