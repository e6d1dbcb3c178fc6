"""How a worker's life ends: never after that of Node."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from typing import Final, NoReturn

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux only; elsewhere this does nothing).

    End of file on the channel does the same for an idle worker; one that computes would first end its call.
    """
    if sys.platform != "linux":
        return
    import ctypes

    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if (
        os.getppid() != parent
    ):  # It died before the kernel knew. (Dead even earlier, it accepts no connection.)
        os._exit(1)


def leave() -> NoReturn:
    """End the process with code 0, after the `atexit` functions have run and what was printed is written.

    `sys.exit` would also wait for threads that user code has started and that may never end.
    """
    with contextlib.suppress(BaseException):  # What they raise is printed; leaving comes first.
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # Closed or replaced by user code; there is nobody left to tell.
            stream.flush()
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).fflush(None)  # What libraries printed from C.
    os._exit(0)
