"""How the life of a process ends: never after that of Node."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys

# By name, at once: user code may replace what stands in the module.
from time import sleep
from typing import Final, NoReturn

from slither_worker.libc import PR_SET_PDEATHSIG, prctl
from slither_worker.streams import flush_streams

_ADOPTION_POLLS: Final = 20_000
_ADOPTION_POLL_SECONDS: Final = 0.000_25


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies (Linux only; elsewhere this does nothing).

    `parent` is the process that must be the parent now; where it is not, this process ends at once. End of
    file on a channel does the same for an idle process; one that computes would first end its call.
    """
    if sys.platform != "linux":
        return
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It died before the kernel knew.
        os._exit(1)


def outlive_parent() -> None:
    """Take back `die_with_parent`."""
    prctl(PR_SET_PDEATHSIG, 0)


def wait_for_adoption(parent: int) -> None:
    """Wait until `parent` has adopted this process, which it does as soon as the first parent has ended."""
    for _ in range(_ADOPTION_POLLS):  # Counted, since user code may have replaced the clock.
        if os.getppid() == parent:
            return
        sleep(_ADOPTION_POLL_SECONDS)
    os._exit(1)


def leave(*, run_exit_functions: bool) -> NoReturn:
    """End the process with code 0 after what was printed is written; `atexit` functions may run before.

    `sys.exit` would also wait for threads that user code has started and that may never end.
    """
    if run_exit_functions:
        with contextlib.suppress(BaseException):  # What they raise is printed; leaving comes first.
            atexit._run_exitfuncs()
    flush_streams()
    os._exit(0)
