"""The question before every fork: would a copy of this process work?

A number of threads answers nothing: most libraries that have threads live well through a fork, and some that
have just one do not. So this looks for what is known not to.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Final

from slither_worker.openmp import reason_not_to_fork_openmp
from slither_worker.quiesce import process_pool_works

# The threads of a pool that was told to end, such as those of joblib, may take a moment more.
_ENDING_SECONDS: Final = 0.05
_POLL_SECONDS: Final = 0.001
_POOL_THREADS: Final = re.compile(r"polars-\d+|tokio-rt-worker|async-executor-.*")


def reason_not_to_fork() -> str | None:
    """Say in one line why a fork of this process would not be safe; `None` when nothing is known against it.

    Nothing is imported for it: a library that is not loaded has not started anything.
    """
    return (
        _process_pool()
        or _python_threads()
        or _native_pools()
        or reason_not_to_fork_openmp()
        or _numba()
        or _cuda()
    )


def _process_pool() -> str | None:
    if process_pool_works():
        return "your code left work in joblib's pool of processes that is not done yet"
    return None


def _python_threads() -> str | None:
    # A copy has only the thread that forks; the locks that others hold stay locked in it for ever.
    deadline = time.monotonic() + _ENDING_SECONDS
    while names := _other_threads():
        if time.monotonic() >= deadline:
            return f"your code left threads running: {', '.join(names)}"
        time.sleep(_POLL_SECONDS)
    return None


def _other_threads() -> list[str]:
    known = {thread.ident: thread.name for thread in threading.enumerate()}
    others = ({*sys._current_frames(), *known}) - {threading.get_ident()}
    return sorted(known.get(thread) or f"thread {thread}" for thread in others)


def _native_pools() -> str | None:
    names = sorted(name for name in set(_task_names()) if _POOL_THREADS.fullmatch(name))
    if not names:
        return None
    return f"a library has started a pool of threads that does not live through a fork: {', '.join(names)}"


def _task_names() -> list[str]:
    names: list[str] = []
    if sys.platform == "linux":
        for task in os.listdir("/proc/self/task"):
            with contextlib.suppress(OSError):  # It has ended.
                names.append(Path(f"/proc/self/task/{task}/comm").read_text("utf-8", "replace").rstrip("\n"))
    return names


def _numba() -> str | None:
    numba = sys.modules.get("numba")
    with contextlib.suppress(Exception):  # Not started yet, or not even imported to its end.
        if numba is not None and numba.threading_layer() == "omp":
            return (
                "numba has started OpenMP threads, which do not live through a fork;"
                " NUMBA_THREADING_LAYER=workqueue in the environment gives threads that do"
            )
    return None


def _cuda() -> str | None:
    torch = sys.modules.get("torch")
    with contextlib.suppress(Exception):
        if torch is not None and torch.cuda.is_initialized():
            return "torch has initialised CUDA, which does not live through a fork"
    return None
