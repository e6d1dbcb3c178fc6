"""The processes that descend from this one, which adopts them when their parents end (Linux only)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

_PATIENCE_SECONDS: Final = 2
_POLL_SECONDS: Final = 0.001


class Ended(NamedTuple):
    """The end of a child: either its exit code or the name of the signal that killed it."""

    pid: int
    exit_code: int | None
    signal: str | None


def reap() -> Iterator[Ended]:
    """Collect the children that have ended, adopted ones too; does not wait."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        yield Ended(pid, code, None) if code >= 0 else Ended(pid, None, _signal_name(-code))


def kill_descendants() -> None:
    """Kill every process that descends from this one, and return when none is left, or after 2 seconds.

    Whoever has left its group and its session still comes back to this process: it adopts orphans.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for _ in reap():
        pass
    while (children := _children()) and time.monotonic() < deadline:
        for child in children:
            _kill(child)
        time.sleep(_POLL_SECONDS)
        for _ in reap():
            pass


def _kill(child: int) -> None:
    with contextlib.suppress(OSError):
        group = os.getpgid(child)
        if group != os.getpgid(0):
            os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)


def _children() -> list[int]:
    own = os.getpid()
    return [pid for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))) if _parent(pid) == own]


def _parent(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name of the program, in brackets, may hold spaces and brackets itself.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):  # It has ended.
        return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # A real-time signal.
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
