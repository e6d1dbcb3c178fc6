"""The forkserver: a process that imports libraries once, and from which workers are forked (Linux only)."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
from collections import deque
from socket import socket
from typing import NoReturn

import msgspec

from slither_worker import at_fork, random_state
from slither_worker.birth import Birth, fork_request
from slither_worker.connect import connect
from slither_worker.descendants import kill_descendants, reap
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.fork import fork_child
from slither_worker.frames import Frame, FrameParser, frame_bytes
from slither_worker.libc import PR_SET_CHILD_SUBREAPER, prctl
from slither_worker.lifetime import outlive_parent
from slither_worker.preload import Preload, preload
from slither_worker.protocol import NO_CALL, Kind
from slither_worker.refs import Refs
from slither_worker.streams import flush_streams

_READ_BYTES = 64 * 1024


def serve_forks(path: str, token: str) -> Birth:
    """Do what the forkserver does; returns in the forked processes only, with what they were born with."""
    if sys.platform != "linux":
        sys.exit("slither_worker: the forkserver needs Linux")
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    return _Forkserver(path, connect(path, token, "forkserver")).run()


class _Forkserver:
    """One thread, no user code after the imports: it hears everything at once."""

    def __init__(self, path: str, connection: socket) -> None:
        at_fork.detach_in_children(connection)
        self._path = path
        self._connection = connection
        self._parser = FrameParser()
        self._waiting: deque[Frame] = deque()
        self._encoder = Encoder(Refs())
        self._wakeup, self._wakeup_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._folder: str | None = None
        self._unsafe: str | None = None

    def run(self) -> Birth:
        modules = self._preload()
        signal.signal(signal.SIGCHLD, lambda *_: None)  # Not the default, for which nothing is written.
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        # From here on, end of file tells of Node's end, and there is more to do then than to die.
        outlive_parent()
        self._send(Kind.PRELOADED, NO_CALL, {"modules": modules, "unsafe": self._unsafe})
        self._report_ends()
        poller = select.poll()
        poller.register(self._connection, select.POLLIN)
        poller.register(self._wakeup, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll(0 if self._waiting else None):
                if descriptor == self._wakeup:
                    self._report_ends()
                else:
                    self._receive()
            if self._waiting:
                birth = self._obey(self._waiting.popleft())
                if birth is not None:
                    return birth

    def _preload(self) -> list[tuple[str, int]]:
        while not self._waiting:
            self._receive()
        frame = self._waiting.popleft()
        if frame.kind != Kind.PRELOAD:
            self._end(remove_folder=False)
        order = msgspec.msgpack.decode(frame.body, type=Preload)
        self._folder = order.folder
        try:
            modules, self._unsafe = preload(order)
        except CallFailure as failure:
            self._send(Kind.ERROR, NO_CALL, failure.error)
            self._end(remove_folder=False)
        return modules

    def _obey(self, frame: Frame) -> Birth | None:
        if frame.kind == Kind.CLOSE:
            self._end(remove_folder=False)
        try:
            if frame.kind != Kind.FORK:
                raise CallFailure("protocol", f"a message of kind 0x{frame.kind:02x} is not expected here")
            request = fork_request(frame.body)
            if self._unsafe is not None:
                raise CallFailure("fork_refused", self._unsafe)
            birth = Birth(self._path, request)
            if fork_child(birth):
                self._forget()
                return birth
            self._send(Kind.FORKED, frame.call, None)
            # For the next one, which inherits it. Python renews that of `random` by itself, in the child.
            random_state.reseed()
        except CallFailure as failure:
            self._send(Kind.ERROR, frame.call, failure.error)
        return None

    def _forget(self) -> None:
        """In a forked process: let go of all that only the forkserver has."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._connection.close()
        os.close(self._wakeup)
        os.close(self._wakeup_writer)

    def _receive(self) -> None:
        try:
            data = self._connection.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._end(remove_folder=True)
        self._waiting += self._parser.feed(data)

    def _report_ends(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wakeup, _READ_BYTES):
                pass
        for ended in reap():
            self._send(Kind.EXITED, NO_CALL, list(ended))

    def _send(self, kind: Kind, call: int, body: object) -> None:
        with contextlib.suppress(OSError):  # Node is gone, which is heard as end of file.
            self._connection.sendall(frame_bytes(kind, call, self._encoder.encode_message(body)))

    def _end(self, *, remove_folder: bool) -> NoReturn:
        kill_descendants()
        if remove_folder and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        flush_streams()
        os._exit(0)
