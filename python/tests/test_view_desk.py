"""The law of the desk: whatever interrupts who asks, no answer and no request is lost or mixed up."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
from test_channel import Alarm, interrupt_at_any_moment

from slither_worker.channel import Channel
from slither_worker.interrupts import begin_call, end_call
from slither_worker.protocol import HEADER, Kind
from slither_worker.refs import Refs
from slither_worker.view_codec import ViewCodec
from slither_worker.view_desk import ViewDesk
from slither_worker.view_errors import ViewRefusedError


class Answering:
    """Node, which answers each question with its params, and sends a request before every third answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.requests = 0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        with self._connection.makefile("rb") as reader:
            while header := reader.read(HEADER.size):
                length, kind, call = HEADER.unpack(header)
                number, _, params, keys, _ = msgspec.msgpack.decode(reader.read(length))
                assert kind == Kind.CALLBACK
                frames = self._frame(Kind.CALLBACK_RESULT, call, [number, [params, keys]])
                if number % 3 == 0:
                    self.requests += 1
                    frames = self._frame(Kind.CALL, self.requests, None) + frames
                self._connection.sendall(frames)

    def _frame(self, kind: int, call: int, body: object) -> bytes:
        encoded = msgspec.msgpack.encode(body)
        return HEADER.pack(len(encoded), kind, call) + encoded


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    begin_call(7)
    yield channel, theirs
    end_call()
    theirs.close()
    channel.close()


@pytest.mark.parametrize("threads", [0, 2])
def test_questions_that_are_interrupted_at_any_moment_leave_everything_else_as_it_is(
    threads: int, pair: tuple[Channel, socket.socket]
) -> None:
    channel, other_end = pair
    desk = ViewDesk(channel, ViewCodec(Refs()))
    node = Answering(other_end)
    chance = random.Random(1)
    over = threading.Event()
    wrong: list[Any] = []
    of_threads: list[int] = []

    def ask(who: str, key: int) -> None:
        keys = [who] if key % 2 else None
        answer = desk.ask("lookup", {"who": who, "key": key}, keys)
        if answer != [{"who": who, "key": key}, keys]:
            wrong.append([who, key, keys, answer])

    def go_on(who: str) -> None:
        key = 0
        while not over.is_set():
            ask(who, key)
            key += 1
        of_threads.append(key)

    others = [threading.Thread(target=go_on, args=(f"thread {index}",)) for index in range(threads)]
    for other in others:
        other.start()
    answered: list[int] = []

    def ask_here(key: int) -> None:
        ask("main", key)
        answered.append(key)

    for key in range(3_000):
        interrupt_at_any_moment(chance, partial(ask_here, key))
    over.set()
    for other in others:
        other.join()
    ask("main", -1)
    desk.end_call()
    requests = [desk.receive() for _ in range(node.requests)]
    other_end.shutdown(socket.SHUT_WR)
    end = desk.receive()
    channel.close()
    node.thread.join()
    desk.close()

    assert wrong == []
    assert 0 < len(answered) < 3_000
    assert len(of_threads) == threads
    assert all(of_threads)
    assert [request and request.call for request in requests] == list(range(1, node.requests + 1))
    assert end is None


def test_a_request_is_received_once_when_who_has_read_it_was_interrupted_right_then(
    pair: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, other_end = pair
    desk = ViewDesk(channel, ViewCodec(Refs()))
    other_end.sendall(bytes.fromhex("01000000 11 01000000 c0"))
    take = channel.take

    def interrupted() -> None:
        monkeypatch.setattr(channel, "take", take)
        raise Alarm

    monkeypatch.setattr(channel, "take", interrupted)
    with pytest.raises(Alarm):
        desk.ask("lookup", {}, None)
    desk.end_call()
    other_end.sendall(bytes.fromhex("01000000 11 02000000 c0"))

    assert [desk.receive(), desk.receive()] == [(0x11, 1, b"\xc0"), (0x11, 2, b"\xc0")]


def test_a_thread_that_waits_already_is_refused_what_it_asks_in_a_signal_handler(
    pair: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, _ = pair
    desk = ViewDesk(channel, ViewCodec(Refs()))
    refused: list[str] = []

    def ask_again(*_: object) -> bool:
        with pytest.raises(ViewRefusedError) as raised:
            desk.ask("inner", {}, None)
        refused.append(str(raised.value))
        return False

    monkeypatch.setattr(channel, "read", ask_again)
    with pytest.raises(BaseException, match="Node is gone"):
        desk.ask("outer", {}, None)

    assert refused == ["view 'inner' was asked while its thread waits for another view"]
