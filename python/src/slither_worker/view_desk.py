"""Asking Node while a call runs: whoever waits reads, and hands on what is for others."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Iterable
from itertools import count
from queue import SimpleQueue
from typing import Any, Final

import msgspec

from slither_worker import interrupts
from slither_worker.channel import Channel
from slither_worker.frames import Frame
from slither_worker.interrupts import Cancelled, running_call, running_step
from slither_worker.large_message import Arrived, MessageTooLargeError
from slither_worker.protocol import NO_CALL, Kind
from slither_worker.view_codec import Question, ViewCodec, split_answer
from slither_worker.view_errors import ViewRefusedError

_ANSWERS: Final = frozenset({int(Kind.CALLBACK_RESULT), int(Kind.CALLBACK_ERROR)})
_REQUEST: Final = 0
"""The number under which the main loop waits; no question has it."""
_MOST_NUMBERS: Final = 2**32 - 1
_READER: Final = "reader"

_OVER: Final = "over"
_GONE: Final = "gone"
_TOO_LARGE: Final = "too large"
_IS_THERE: Final = "is there"


class _Question:
    """Somebody who waits, and what came of it."""

    __slots__ = ("outcome", "thread", "wake")

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.outcome: tuple[int, msgspec.Raw] | str | None = None
        self.wake: SimpleQueue[None] = SimpleQueue()

    def settle(self, outcome: tuple[int, msgspec.Raw] | str) -> None:
        self.outcome = outcome
        self.wake.put(None)


class ViewDesk:
    """The questions that are open on one channel, and the requests that came before their turn.

    One of those who wait reads. It stops when it has what it waited for, and wakes the others, of whom one
    goes on. Code that asks may be interrupted by an exception of a signal handler between any two
    instructions: what is done here may be done again.
    """

    def __init__(self, channel: Channel, codec: ViewCodec) -> None:
        """Begin on a channel; the thread that does this is the one that receives requests."""
        self.process = os.getpid()
        self._channel = channel
        self._codec = codec
        self._main_thread = threading.get_ident()
        self._numbers = count()
        self._waiting: dict[int, _Question] = {}
        self._requests: deque[Arrived] = deque()
        self._reader: dict[str, int] = {}
        """The thread that reads, if one does."""
        self._wakeup: tuple[int, int] | None = None
        """A pipe that ends the wait of a thread that reads."""

    def ask(self, name: str, params: dict[str, Any], keys: list[Any] | None) -> Any:
        """Ask a view, and wait for its answer."""
        number = next(self._numbers) % _MOST_NUMBERS + 1
        thread = threading.get_ident()
        if any(each.thread == thread for each in [*self._waiting.values()]):
            # The answer to the question before could not be noticed.
            raise ViewRefusedError(f"view {name!r} was asked while its thread waits for another view", name)
        body = self._codec.encode(Question(number, name, params, keys, running_step()))
        question = _Question(thread)
        try:
            self._send(number, question, name, body)
            self._wait(question)
        finally:
            try:
                self._leave(number, thread)
            except BaseException:  # Interrupted itself; it may be done twice.
                self._leave(number, thread)
                raise
        return self._result(name, question)

    def receive(self) -> Frame | None:
        """Wait for the next request; `None` when Node is gone. Raises `MessageTooLargeError`."""
        if not (self._requests or self._waiting or self._reader):
            # As nearly always. Nobody begins to wait while no call runs.
            return self._receive_alone()
        if not self._requests:
            question = _Question(self._main_thread)
            try:
                self._waiting[_REQUEST] = question
                self._wait(question)
            finally:
                self._leave(_REQUEST, self._main_thread)
            if not self._requests:
                return None
        request = self._requests.popleft()
        if isinstance(request, MessageTooLargeError):
            raise request
        return request

    def end_call(self) -> None:
        """Say that the call is done, before its answer is sent; who still waits is refused."""
        with self._channel.sending:
            interrupts.end_call()
        if self._reader:
            self._stop_reading(self._main_thread)
        if self._waiting:
            left = [*self._waiting.values()]
            self._waiting.clear()
            self._settle(left, _OVER)
            # Who became the reader before this sees the pipe; who does so later has seen its outcome.
            if self._reader and self._wakeup is not None:
                with contextlib.suppress(OSError):  # Closed by user code that closes all descriptors.
                    os.write(self._wakeup[1], b"\0")

    def close(self) -> None:
        """Let go of what a copy of this process must not have."""
        for descriptor in self._wakeup or ():
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _receive_alone(self) -> Frame | None:
        while True:
            try:
                frame = self._channel.receive()
            except MessageTooLargeError as error:
                if error.kind not in _ANSWERS:
                    raise
            else:
                if frame is None or frame.kind not in _ANSWERS:
                    return frame

    def _send(self, number: int, question: _Question, name: str, body: bytes) -> None:
        # The end of a call waits for this: no question is sent behind the answer to its call.
        with self._channel.sending:
            call = running_call()
            if call == NO_CALL:
                raise ViewRefusedError(f"view {name!r} was asked while no call runs in this session", name)
            if question.thread != self._main_thread and self._wakeup is None:
                self._wakeup = os.pipe()
            self._waiting[number] = question
            if not self._channel.send(Kind.CALLBACK, call, body):
                question.outcome = _GONE

    def _wait(self, question: _Question) -> None:
        thread = question.thread
        while question.outcome is None:
            if self._reader.setdefault(_READER, thread) != thread:
                question.wake.get()
            elif question.outcome is None:
                self._read(thread)

    def _read(self, thread: int) -> None:
        arrived = self._channel.arrived()
        if arrived is not None:
            self._hand_on(arrived)
            self._channel.take()
        elif thread != self._main_thread and not self._has_input():
            return
        elif not self._channel.read():
            self._settle(self._waiting.values(), _GONE)

    def _hand_on(self, arrived: Arrived) -> None:
        """Give a message to who waits for it."""
        if isinstance(arrived, Frame) and arrived.kind in _ANSWERS:
            number, value = split_answer(arrived.body)
            question = self._waiting.get(number)
            if question is not None:
                question.settle((arrived.kind, value))
            return
        if isinstance(arrived, MessageTooLargeError) and arrived.kind in _ANSWERS:
            self._settle(self._waiting.values(), _TOO_LARGE)
            return
        self._requests.append(arrived)
        loop = self._waiting.get(_REQUEST)
        if loop is not None:
            loop.settle(_IS_THERE)

    def _settle(self, questions: Iterable[_Question], outcome: str) -> None:
        for question in [*questions]:
            question.settle(outcome)

    def _leave(self, number: int, thread: int) -> None:
        self._waiting.pop(number, None)
        self._stop_reading(thread)

    def _stop_reading(self, thread: int) -> None:
        if self._reader.get(_READER) == thread:
            if self._requests and self._requests[-1] is self._channel.arrived():
                self._channel.take()  # It was interrupted before it did that.
            self._reader.pop(_READER, None)
        if not self._reader:
            for other in [*self._waiting.values()]:
                other.wake.put(None)

    def _has_input(self) -> bool:
        """Wait for bytes; false when woken for another reason."""
        if self._wakeup is None:
            return True
        poller = select.poll()
        poller.register(self._channel, select.POLLIN)
        poller.register(self._wakeup[0], select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll()}
        if self._wakeup[0] in ready:
            os.read(self._wakeup[0], 1)
            return False
        return True

    def _result(self, name: str, question: _Question) -> Any:
        outcome = question.outcome
        if isinstance(outcome, tuple):
            return self._codec.answer(name, *outcome)
        if outcome == _TOO_LARGE:
            raise MemoryError(f"there is no memory for the answer of view {name!r}")
        if outcome == _OVER:
            raise ViewRefusedError(f"view {name!r}: the call ended before it was answered", name)
        if question.thread == self._main_thread:
            # Nothing that the call does can be told to anybody: it stops, and this process ends.
            raise Cancelled("Node is gone")
        raise ViewRefusedError(f"view {name!r}: Node is gone", name)
