from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest

from slither_worker import input_wait
from slither_worker.input_wait import InputWait

MICROSECOND = 1e-6


class Machine:
    """A clock, and a socket whose input comes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.input_at = 0.0
        self.sleeps = 0
        self.looks = 0
        self.yields = 0

    def register(self, _connection: object, events: int) -> None:
        assert events == select.POLLIN

    def poll(self, timeout: int | None = None) -> list[tuple[int, int]]:
        if timeout is None:
            self.sleeps += 1
            self.now = max(self.now, self.input_at)
        else:
            assert timeout == 0
            self.looks += 1
            self.now += MICROSECOND
        return [(3, select.POLLIN)] if self.now >= self.input_at else []

    def sched_yield(self) -> None:
        self.yields += 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(input_wait, "poll", lambda: machine)
    monkeypatch.setattr(input_wait, "monotonic", lambda: machine.now)
    monkeypatch.setattr(input_wait, "sched_yield", machine.sched_yield)
    return machine


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def wait(machine: Machine, pair: tuple[socket.socket, socket.socket]) -> InputWait:
    assert machine.sleeps == machine.looks == 0
    return InputWait(pair[0])


def wait_for(machine: Machine, wait: InputWait, microseconds: float) -> tuple[int, bool]:
    """Wait for input that comes so long after now; how often it slept, and whether it looked before."""
    sleeps, looks = machine.sleeps, machine.looks
    machine.input_at = machine.now + microseconds * MICROSECOND
    wait.wait()
    assert machine.now >= machine.input_at
    return machine.sleeps - sleeps, machine.looks > looks


def test_the_first_wait_sleeps(machine: Machine, wait: InputWait) -> None:
    assert wait_for(machine, wait, 10) == (1, False)


def test_a_wait_behind_a_short_one_stays_awake(machine: Machine, wait: InputWait) -> None:
    wait_for(machine, wait, 50)

    assert [wait_for(machine, wait, each) for each in (0, 30, 60)] == [(0, True)] * 3


def test_the_core_is_offered_to_others_between_looks(machine: Machine, wait: InputWait) -> None:
    wait_for(machine, wait, 50)

    wait_for(machine, wait, 30)

    assert machine.yields == machine.looks - 1 > 10


def test_a_wait_behind_a_long_one_sleeps_at_once(machine: Machine, wait: InputWait) -> None:
    wait_for(machine, wait, 100)

    assert wait_for(machine, wait, 10) == (1, False)


def test_input_that_does_not_come_soon_is_slept_for_and_costs_a_short_time_once(
    machine: Machine, wait: InputWait
) -> None:
    wait_for(machine, wait, 50)

    assert wait_for(machine, wait, 1_000_000) == (1, True)
    assert machine.looks < 100
    assert wait_for(machine, wait, 1_000_000) == (1, False)


def test_a_clock_that_user_code_has_stopped_does_not_keep_it_awake_for_ever(
    machine: Machine, wait: InputWait, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(machine, wait, 50)
    monkeypatch.setattr(input_wait, "monotonic", lambda: 0.0)

    assert wait_for(machine, wait, 1_000_000) == (1, True)


def test_a_wait_ends_when_the_other_side_is_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wait = InputWait(ours)
    theirs.sendall(b"x")
    wait.wait()
    assert ours.recv(1) == b"x"

    theirs.close()
    wait.wait()

    assert ours.recv(1) == b""
