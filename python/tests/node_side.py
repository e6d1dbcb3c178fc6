"""The other side of the channels, in place of Node."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

import slither_worker
from slither_worker.protocol import HEADER, Kind

FIXTURES = Path(__file__).resolve().parent / "fixtures"
PACKAGE = Path(slither_worker.__file__).resolve().parent
PATIENCE_SECONDS = 30
LIVE_CHANNELS = ("stdout", "stderr", "control", "calls")
CHECKPOINT_CHANNELS = ("calls",)
PYTHON = os.environ.get("SLITHER_TEST_PYTHON", sys.executable)


class NodeSide:
    """Sends messages to a process and reads its answers."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_SECONDS)
        self._socket = connection
        self._reader = connection.makefile("rb")
        self._last_call = 0

    def send(self, kind: int, body: object, call: int = 0) -> None:
        encoded = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
        self.send_bytes(HEADER.pack(len(encoded), kind, call) + encoded)

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> tuple[int, int, Any] | None:
        """Return kind, call and body; `None` at the end of file."""
        try:
            header = self._reader.read(HEADER.size)
        except ConnectionResetError:
            return None
        if not header:
            return None
        length, kind, call = HEADER.unpack(header)
        return kind, call, msgspec.msgpack.decode(self._reader.read(length))

    def next_call(self) -> int:
        self._last_call += 1
        return self._last_call

    def begin(self, function: str, *args: object, **kwargs: object) -> int:
        """Send a call without waiting for its answer; returns its id."""
        call = self.next_call()
        self.send(Kind.CALL, ["sample", function, list(args), kwargs, "value"], call)
        return call

    def answer(self, call: int) -> tuple[int, Any]:
        """Wait for the answer to the oldest call that is not answered, which must have this id."""
        answer = self.receive()
        assert answer is not None, "the worker is gone"
        assert answer[1] == call
        return answer[0], answer[2]

    def ask(self, kind: int, *body: object) -> tuple[int, Any]:
        """Send a message that belongs to a call and return kind and body of its answer."""
        call = self.next_call()
        self.send(kind, list(body), call)
        return self.answer(call)

    def call(self, function: str, *args: object, returns: str = "value", **kwargs: object) -> tuple[int, Any]:
        return self.ask(Kind.CALL, "sample", function, list(args), kwargs, returns)

    def value(self, function: str, *args: object, **kwargs: object) -> Any:
        kind, body = self.ask(Kind.CALL, "sample", function, list(args), kwargs, "value")
        assert kind == Kind.RESULT, body
        return body[0]

    def error(self, kind: int, *body: object) -> dict[str, Any]:
        answer, error = self.ask(kind, *body)
        assert answer == Kind.ERROR, error
        assert isinstance(error, dict)
        return error

    def read_line(self) -> str:
        """Read what was printed, from a connection that carries no frames any more."""
        return self._reader.readline().decode()

    def read_all(self) -> str:
        return self._reader.read().decode()

    def has_answer(self, seconds: float) -> bool:
        """Wait at most this long for something to arrive. What was read ahead is not seen."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def wait_until_read(self) -> None:
        """Wait until the other side has read all that was sent."""
        while struct.unpack("i", fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)))[0] > 0:
            time.sleep(0.001)

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


def cancel_until_answered(node: NodeSide, control: NodeSide, call: int) -> tuple[int, Any]:
    """Cancel the oldest call that is not answered as Node does it; returns its answer."""
    while not node.has_answer(0):
        control.send(Kind.CANCEL, None, call)
        node.has_answer(0.05)
    return node.answer(call)


def end_of_process(pid: int) -> int:
    """Return a descriptor that becomes readable when the process, which need not be a child, has ended."""
    return os.pidfd_open(pid)


def wait_for_ends(descriptors: Sequence[int]) -> None:
    """Wait until all of these processes have ended."""
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], PATIENCE_SECONDS)[0], "a process goes on living"
        os.close(descriptor)


class Listener:
    """The socket that the processes connect to, in a private folder."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="slither-")
        self.path = os.path.join(self.folder, "socket")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen(4096)
        self._socket.settimeout(PATIENCE_SECONDS)
        self._early: dict[str, list[tuple[dict[str, Any], NodeSide]]] = {}
        self._accepted: list[NodeSide] = []

    def accept(self, token: str) -> tuple[dict[str, Any], NodeSide]:
        """Wait for the next connection with this token; returns the body of its HELLO too."""
        while not self._early.get(token):
            connection, _ = self._socket.accept()
            node = NodeSide(connection)
            self._accepted.append(node)
            hello = node.receive()
            assert hello is not None
            assert hello[:2] == (Kind.HELLO, 0)
            self._early.setdefault(hello[2]["token"], []).append((hello[2], node))
        return self._early[token].pop(0)

    def close(self) -> None:
        """Close all connections, and remove the folder."""
        for node in self._accepted:
            node.close()
        self._socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def welcome(session: str = "session-a", **changes: Any) -> dict[str, Any]:
    body = {"session": session, "pythonPath": [], "threads": {}, "reseed": False, "memoryBytes": None}
    return {**body, **changes}


def start_process(listener: Listener, token: str, *options: str, **popen: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "SLITHER_TOKEN": token, **popen.pop("env", {})}
    environment.pop("PYTHONPATH", None)
    return subprocess.Popen(
        [*popen.pop("parent", ()), PYTHON, "-W", "error", str(PACKAGE), "--socket", listener.path, *options],
        cwd=listener.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **popen,
    )


class _Context:
    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        raise NotImplementedError


class WorkerProcess(_Context):
    """A real worker that is started cold, and welcomed as Node does it."""

    def __init__(
        self,
        *,
        parent: Sequence[str] = (),
        welcomed: bool = True,
        inherited: int | None = None,
        **changes: Any,
    ) -> None:
        self._listener = Listener()
        self.process = start_process(
            self._listener,
            "one-time-token",
            parent=parent,
            pass_fds=() if inherited is None else (inherited,),
        )
        self.control_hello, self.control = self._listener.accept("one-time-token")
        self.hello, self.node = self._listener.accept("one-time-token")
        if welcomed:
            self.node.send(Kind.WELCOME, welcome(**{"pythonPath": [str(FIXTURES)], **changes}))
            assert self.node.receive() == (Kind.READY, 0, None)

    def __enter__(self) -> WorkerProcess:
        return self

    def finish(self) -> tuple[int, str, str]:
        """Wait for the end of the process; returns its exit code and what it has printed."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out.decode(), err.decode()

    def end(self) -> None:
        self._listener.close()
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)


@dataclass
class Forked:
    """A process that was made by FORK, as Node sees it."""

    listener: Listener
    token: str
    pid: int
    channels: dict[str, NodeSide] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    @property
    def node(self) -> NodeSide:
        return self.channels["calls"]

    @property
    def control(self) -> NodeSide:
        return self.channels["control"]

    def fork(self, channels: Sequence[str] = LIVE_CHANNELS, **changes: Any) -> Forked:
        """Make a copy of this process, and welcome it."""
        return meet(self.listener, ask_for_fork(self.node, channels), channels, **changes)

    def welcome(self, **changes: Any) -> None:
        """Send WELCOME, and wait for its answer."""
        self.node.send(Kind.WELCOME, welcome(**changes))
        assert self.node.receive() == (Kind.READY, 0, None)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the connections, which ends the process."""
        for channel in self.channels.values():
            channel.close()


def ask_for_fork(asked: NodeSide | Forkserver, channels: Sequence[str]) -> str:
    """Send FORK and wait until it is answered; returns the token of the new process."""
    token = secrets.token_hex(8)
    call = asked.next_call()
    asked.send(Kind.FORK, {"token": token, "channels": list(channels), "idle": False}, call)
    assert asked.answer(call) == (Kind.FORKED, None)
    return token


def pid_of(node: NodeSide, token: str) -> int:
    """Wait for a new process to say HELLO by itself; returns its id."""
    hello = node.receive()
    assert hello is not None
    assert hello[:2] == (Kind.HELLO, 0)
    assert (hello[2]["token"], hello[2]["channel"]) == (token, "calls")
    pid = hello[2]["pid"]
    assert type(pid) is int
    return pid


def meet(listener: Listener, token: str, channels: Sequence[str], **changes: Any) -> Forked:
    """Wait for a new process, whose channels its original opens, to say who it is, and welcome it."""
    forked = Forked(listener, token, 0)
    for _ in channels:
        hello, connection = listener.accept(token)
        assert hello["pid"] is None
        forked.order.append(hello["channel"])
        forked.channels[hello["channel"]] = connection
    forked.pid = pid_of(forked.node, token)
    forked.welcome(**changes)
    return forked


class Forkserver(_Context):
    """A real forkserver. The messages that it sends without being asked are kept apart from answers."""

    def __init__(self, preload: Sequence[str] = (), *, preloaded: bool = True, **popen: Any) -> None:
        self.listener = Listener()
        self.process = start_process(
            self.listener, "token of the forkserver", "--forkserver", start_new_session=True, **popen
        )
        self.hello, self._node = self.listener.accept("token of the forkserver")
        self._ends: list[list[Any]] = []
        self._node.send(
            Kind.PRELOAD,
            {"pythonPath": [str(FIXTURES)], "preload": list(preload), "folder": self.listener.folder},
        )
        self.preloaded: Any = None
        if preloaded:
            answer = self._node.receive()
            assert answer is not None
            assert answer[:2] == (Kind.PRELOADED, 0), answer
            self.preloaded = answer[2]

    def __enter__(self) -> Forkserver:
        return self

    def send(self, kind: int, body: object, call: int = 0) -> None:
        self._node.send(kind, body, call)

    def receive(self) -> tuple[int, int, Any] | None:
        """Return the next message that is no EXITED."""
        while (message := self._node.receive()) is not None and message[0] == Kind.EXITED:
            self._ends.append(message[2])
        return message

    def next_call(self) -> int:
        return self._node.next_call()

    def answer(self, call: int) -> tuple[int, Any]:
        message = self.receive()
        assert message is not None
        assert message[1] == call
        return message[0], message[2]

    def fork(self, channels: Sequence[str] = LIVE_CHANNELS, **changes: Any) -> Forked:
        """Make a worker, and welcome it."""
        return meet(self.listener, ask_for_fork(self, channels), channels, **changes)

    def end_of(self, pid: int) -> tuple[int | None, str | None]:
        """Wait for the report of the end of a process; returns its exit code and the name of the signal."""
        while True:
            for ended in self._ends:
                if ended[0] == pid:
                    self._ends.remove(ended)
                    return ended[1], ended[2]
            message = self._node.receive()
            assert message is not None, "the forkserver is gone"
            assert message[0] == Kind.EXITED, message
            self._ends.append(message[2])

    def hang_up(self) -> None:
        """End as Node does when it is killed."""
        self._node.close()

    def finish(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out.decode(), err.decode()

    def end(self) -> None:
        self.listener.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.communicate(timeout=PATIENCE_SECONDS)
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)
