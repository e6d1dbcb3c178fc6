from __future__ import annotations

import gc
import os
import random
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from slither_worker import at_fork
from slither_worker.channel import Channel

LARGE = bytes(range(256)) * 8192


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    theirs.settimeout(20)
    with theirs:
        yield channel, theirs
    channel.close()


def test_a_frame_is_received_as_kind_call_and_body(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(bytes.fromhex("03000000 11 01020304 abcdef"))

    assert channel.receive() == (0x11, 0x04030201, b"\xab\xcd\xef")


def test_frames_that_came_together_are_received_one_by_one(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(bytes.fromhex("01000000 11 01000000 c0 00000000 12 02000000 01000000 13 03000000 c2"))

    assert [channel.receive() for _ in range(3)] == [(0x11, 1, b"\xc0"), (0x12, 2, b""), (0x13, 3, b"\xc2")]


def test_a_frame_that_comes_in_pieces_is_received_whole(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    frame = len(LARGE).to_bytes(4, "little") + bytes.fromhex("11 01000000") + LARGE

    def send_in_pieces() -> None:
        other.sendall(frame[:2])
        other.sendall(frame[2:9])
        other.sendall(frame[9:])

    thread = threading.Thread(target=send_in_pieces)
    thread.start()
    received = channel.receive()
    thread.join()
    assert received == (0x11, 1, LARGE)


@pytest.mark.parametrize("before", ["", "0300", "030000001101000000", "030000001101000000abcd"])
def test_end_of_file_is_no_frame_also_in_the_middle_of_one(
    before: str, pair: tuple[Channel, socket.socket]
) -> None:
    channel, other = pair
    other.sendall(bytes.fromhex(before))
    other.close()

    assert channel.receive() is None


def test_a_small_frame_is_written_at_once() -> None:
    # On this kind of socket one read gives what one write has sent.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel = Channel(ours)
    with theirs:
        channel.send(0x20, 5, b"\xc0")
        assert theirs.recv(100) == bytes.fromhex("01000000 20 05000000 c0")
    channel.close()


def test_a_large_frame_arrives_whole(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    thread = threading.Thread(target=channel.send, args=(0x20, 5, LARGE))
    thread.start()
    with other.makefile("rb") as reader:
        header, body = reader.read(9), reader.read(len(LARGE))
    thread.join()

    assert header == len(LARGE).to_bytes(4, "little") + bytes.fromhex("20 05000000")
    assert body == LARGE


def test_sending_tells_whether_the_other_side_is_still_there(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    assert channel.send(0x20, 1, b"\xc0")
    other.close()

    assert not channel.send(0x20, 1, b"\xc0")
    assert not channel.send(0x20, 1, LARGE)


def test_a_reset_connection_is_the_end_of_file(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    channel.send(0x20, 1, b"never read")
    other.close()

    assert channel.receive() is None


def test_a_message_that_has_arrived_stays_until_it_is_taken(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(bytes.fromhex("01000000 11 01000000 c0 00000000 12 02000000"))
    assert channel.arrived() is None
    assert channel.read()
    first = channel.arrived()

    assert first == (0x11, 1, b"\xc0")
    assert channel.arrived() is first
    channel.take()
    assert channel.arrived() == (0x12, 2, b"")


class Alarm(Exception):
    """Raised by the signal handlers here."""


def interrupt_at_any_moment(chance: random.Random, work: Callable[[], object], longest: float = 0.01) -> None:
    """Do something, in which a signal handler raises after a time of any length (seconds), if it lasts.

    A time of 1 to 2 us is as likely as one of 1 to 2 ms: however slow the machine is, some work is
    interrupted early, some late, and some is done before.
    """

    armed = [True]

    def ring(*_: object) -> None:
        if armed:
            armed.pop()
            raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    gc.disable()  # What is raised within a callback of a collection is lost, and so is the alarm.
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, 1e-6 * (longest / 1e-6) ** chance.random())
            work()
        finally:
            armed.clear()
    except Alarm:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_signal_handler_that_raises_at_any_moment_costs_no_frame(
    size: int, pair: tuple[Channel, socket.socket]
) -> None:
    channel, other = pair
    count = 2_000_000 // size if size > 1_000 else 3_000
    body = bytes(size)
    frames = [
        size.to_bytes(4, "little") + b"\x11" + call.to_bytes(4, "little") + body for call in range(count)
    ]
    thread = threading.Thread(target=other.sendall, args=(b"".join(frames),))
    thread.start()
    chance = random.Random(1)
    received: list[Any] = []

    def receive_all() -> None:
        while len(received) < count:
            arrived = channel.arrived()
            if arrived is None:
                assert channel.read()
                continue
            if not (received and received[-1] is arrived):
                received.append(arrived)
            channel.take()

    while len(received) < count:
        interrupt_at_any_moment(chance, receive_all, longest=200e-6)
    thread.join()

    assert received == [(0x11, call, body) for call in range(count)]


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_frame_whose_sending_was_interrupted_is_sent_whole_or_not_at_all(
    size: int, pair: tuple[Channel, socket.socket]
) -> None:
    channel, other = pair
    count = 2_000_000 // size if size > 1_000 else 3_000
    body = bytes(size)
    received: list[int] = []

    def receive_all() -> None:
        with other.makefile("rb") as reader:
            while (header := reader.read(9)) and (call := int.from_bytes(header[5:9], "little")) != count:
                assert header[:5] == size.to_bytes(4, "little") + b"\x20"
                assert reader.read(size) == body
                received.append(call)

    thread = threading.Thread(target=receive_all)
    thread.start()
    chance = random.Random(1)
    sent: list[int] = []

    def send(call: int) -> None:
        channel.send(0x20, call, body)
        sent.append(call)

    for call in range(count):
        interrupt_at_any_moment(chance, partial(send, call))
    channel.send(0x20, count, b"")
    thread.join()

    assert received == sorted(set(received))
    assert set(sent) <= set(received)


def test_frames_of_several_threads_never_mix(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair

    def send(call: int) -> None:
        for _ in range(20):
            channel.send(0x20, call, bytes([call]) * 100_000)

    threads = [threading.Thread(target=send, args=(call,)) for call in range(4)]
    for thread in threads:
        thread.start()
    with other.makefile("rb") as reader:
        for _ in range(80):
            header = reader.read(9)
            assert reader.read(100_000) == header[5:6] * 100_000
    for thread in threads:
        thread.join()


def test_however_many_channels_there_are_one_hook_looks_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[object] = []
    monkeypatch.setattr(at_fork, "_registered", False)
    monkeypatch.setattr(os, "register_at_fork", lambda **hook: hooks.append(hook))
    for _ in range(3):
        ours, theirs = socket.socketpair()
        theirs.close()
        Channel(ours).close()

    assert len(hooks) == 1
    assert at_fork._connections == []


def test_a_forked_child_does_not_hold_the_channel_open() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    end_of_test, release_child = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release_child)
        theirs.close()
        os.read(end_of_test, 1)
        os._exit(0)
    theirs.settimeout(20)
    with theirs:
        channel.send(0x20, 1, b"")
        channel.close()
        received = theirs.recv(100) + theirs.recv(100)
    os.close(release_child)
    os.close(end_of_test)
    os.waitpid(child, 0)

    assert received == bytes.fromhex("00000000 20 01000000")
