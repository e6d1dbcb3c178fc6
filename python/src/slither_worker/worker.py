"""A worker: answers the messages of one session, and makes copies of itself that do the same."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from slither_worker import answer_blocks, collector, random_state
from slither_worker.birth import Birth, Connections, fork_request
from slither_worker.errors import CallFailure
from slither_worker.fork import become_own_process, fork_adopted
from slither_worker.fork_safety import reason_not_to_fork
from slither_worker.frames import Frame
from slither_worker.hooks import run_after_fork
from slither_worker.interrupts import begin_call, used_too_much_memory
from slither_worker.large_message import MessageTooLargeError
from slither_worker.libc import return_free_memory
from slither_worker.openmp import pause_openmp
from slither_worker.protocol import NO_CALL, Kind
from slither_worker.quiesce import stop_helper_threads
from slither_worker.runtime import Runtime
from slither_worker.view import open_desk
from slither_worker.view_codec import ViewCodec
from slither_worker.view_desk import ViewDesk
from slither_worker.welcome import obey, receive_welcome

_NIL = msgspec.msgpack.encode(None)
_NO_SHARED_MEMORY = msgspec.msgpack.encode(False)


class Worker:
    """The state of a session, and the connections on which it is spoken to, which a copy replaces."""

    def __init__(self, connections: Connections, runtime: Runtime, path: str, forkserver: int | None) -> None:
        """Begin a session; `path` is Node's socket, `forkserver` what this process was forked from."""
        self._connections = connections
        self._runtime = runtime
        self._desk = self._new_desk()
        self._path = path
        self._forkserver = forkserver

    @property
    def runs_code(self) -> bool:
        """Whether this is no checkpoint."""
        return self._connections.control is not None

    def run(self) -> None:
        """Wait for the welcome, then answer messages in their order until CLOSE, or until Node is gone."""
        if self._start(None):
            self.serve()

    def serve(self) -> None:
        """Answer messages in their order until CLOSE, or until Node is gone."""
        while self._serve_one():
            pass

    def _serve_one(self) -> bool:
        # A function of its own: nothing of a large message stays in memory while waiting for the next.
        channel = self._connections.calls
        free = time.monotonic()
        try:
            frame = self._desk.receive()
        except MessageTooLargeError as error:
            kind, body = self._runtime.failed(CallFailure.of_user_code(MemoryError(str(error))))
            return channel.send(kind, error.call, body)
        if frame is None or frame.kind == Kind.CLOSE:
            return False
        if frame.kind == Kind.FORK:
            return self._fork(frame)
        received = time.monotonic()
        call = frame.call
        begin_call(call)
        work = self._runtime.read(frame.kind, frame.body, (free, received))
        del frame
        answer = work()
        self._desk.end_call()
        if used_too_much_memory():
            # What its code has let go of must count as that, or the next call would be killed for it, untold.
            return_free_memory()
        answer_blocks.give()
        return answer is None or channel.send(answer[0], call, answer[1])

    def _fork(self, frame: Frame) -> bool:
        try:
            request = fork_request(frame.body)
            forkserver = self._rest()
            random = random_state.current_state()
            birth = Birth(self._path, request)
            is_copy = fork_adopted(forkserver, birth)
        except CallFailure as failure:
            kind, body = self._runtime.failed(failure)
            return self._connections.calls.send(kind, frame.call, body)
        if not is_copy:
            return self._connections.calls.send(Kind.FORKED, frame.call, _NIL)
        become_own_process(forkserver)
        self._desk.close()
        self._connections.close()
        self._connections = birth.take_connections()
        self._desk = self._new_desk()
        return self._start(random)

    def _rest(self) -> int:
        """Bring this process into a state that can be copied; fails with `fork_refused` if that cannot be."""
        if self._forkserver is None:
            raise CallFailure("fork_refused", "this process was not started from the forkserver")
        stop_helper_threads()
        reason = reason_not_to_fork()
        if reason is not None:
            raise CallFailure("fork_refused", reason)
        pause_openmp()
        collector.settle()
        return self._forkserver

    def _new_desk(self) -> ViewDesk:
        return ViewDesk(self._connections.calls, ViewCodec(self._runtime.refs))

    def _start(self, random: Any) -> bool:
        channel = self._connections.calls
        welcome = receive_welcome(channel)
        if welcome is None:
            return False
        shares_memory = obey(welcome, random)
        if self.runs_code:
            open_desk(self._desk)
            run_after_fork()
        return channel.send(Kind.READY, NO_CALL, _NIL if shares_memory else _NO_SHARED_MEMORY)
