"""The other side of a channel, in place of Node."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

import slither_worker
from slither_worker.protocol import HEADER, Kind

FIXTURES = Path(__file__).resolve().parent / "fixtures"
PACKAGE = Path(slither_worker.__file__).resolve().parent
PATIENCE_SECONDS = 30


class NodeSide:
    """Sends messages to a worker and reads its answers."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_SECONDS)
        self._socket = connection
        self._reader = connection.makefile("rb")
        self._last_call = 0

    def send(self, kind: int, body: object, call: int = 0) -> None:
        encoded = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
        self._socket.sendall(HEADER.pack(len(encoded), kind, call) + encoded)

    def receive(self) -> tuple[int, int, Any] | None:
        """Return kind, call and body; `None` at the end of file."""
        header = self._reader.read(HEADER.size)
        if not header:
            return None
        length, kind, call = HEADER.unpack(header)
        return kind, call, msgspec.msgpack.decode(self._reader.read(length))

    def ask(self, kind: int, *body: object) -> tuple[int, Any]:
        """Send a message that belongs to a call and return kind and body of its answer."""
        self._last_call += 1
        self.send(kind, list(body), self._last_call)
        answer = self.receive()
        assert answer is not None, "the worker is gone"
        assert answer[1] == self._last_call
        return answer[0], answer[2]

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

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


class WorkerProcess:
    """A real worker, started and welcomed as Node does it."""

    def __init__(
        self, *, parent: list[str] | None = None, welcome: bool = True, inherited: int | None = None
    ) -> None:
        self._folder = tempfile.mkdtemp(prefix="slither-")
        path = os.path.join(self._folder, "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            listener.settimeout(PATIENCE_SECONDS)
            command = [*(parent or []), sys.executable, "-W", "error", str(PACKAGE), "--socket", path]
            environment = {**os.environ, "SLITHER_TOKEN": "one-time-token"}
            environment.pop("PYTHONPATH", None)
            self.process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment,
                pass_fds=() if inherited is None else (inherited,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            connection, _ = listener.accept()
        self.node = NodeSide(connection)
        self.hello = self.node.receive()
        if welcome:
            self.node.send(Kind.WELCOME, {"session": "session-a", "pythonPath": [str(FIXTURES)]})
            assert self.node.receive() == (Kind.READY, 0, None)

    def finish(self) -> tuple[int, str, str]:
        """Wait for the end of the process; returns its exit code and what it has printed."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out.decode(), err.decode()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.node.close()
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)
        shutil.rmtree(self._folder)
