"""The threads of GNU OpenMP, which scikit-learn and many others compute with.

They do not live through a fork, and the first parallel loop of a copy would wait for them for ever.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from slither_worker.libc import loaded_libraries

_PAUSE_HARD: Final = 2
# Threads that have just had work look out for more for some milliseconds, before they wait for it. What still
# runs then is none of these: no parallel loop is under way when a process is asked for a copy of itself.
_SPINNING_SECONDS: Final = 0.05
_POLL_SECONDS: Final = 0.001
# None: a library that is older than OpenMP 5.0, such as that of the wheels of scikit-learn up to 1.7.
_libraries: dict[str, Any | None] = {}


def pause_openmp() -> None:
    """End the threads of every GNU OpenMP library that can; they start again when they are next needed."""
    for library in _loaded().values():
        if library is not None:
            # The number of threads is forgotten with the threads.
            threads = library.omp_get_max_threads()
            library.omp_pause_resource_all(_PAUSE_HARD)
            library.omp_set_num_threads(threads)


def reason_not_to_fork_openmp() -> str | None:
    """Say which OpenMP library has threads that cannot be ended; `None` when there is none."""
    old = [path for path, library in _loaded().items() if library is None]
    if not old:
        return None
    deadline = time.monotonic() + _SPINNING_SECONDS
    while None in (waiting := _waiting_at()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for path in old:
        code = _code_of(path)
        if any(start <= address < end for address in waiting if address for start, end in code):
            return (
                f"{os.path.basename(path)} is older than OpenMP 5.0, and has started threads, which do not"
                " live through a fork; a newer release of the package that brings it, or one thread, does"
            )
    return None


def _loaded() -> dict[str, Any | None]:
    if sys.platform != "linux":
        return {}
    import ctypes

    # Libraries that bring their own copy load it next to those of others.
    for path in loaded_libraries():
        if path not in _libraries and os.path.basename(path).startswith("libgomp"):
            with contextlib.suppress(OSError):  # Deleted since.
                library = ctypes.CDLL(path)
                _libraries[path] = library if hasattr(library, "omp_pause_resource_all") else None
    return _libraries


def _waiting_at() -> list[int | None]:
    """Give the place in memory from which each other thread has called the kernel, `None` where one runs."""
    places: list[int | None] = []
    for task in os.listdir("/proc/self/task"):
        if int(task) != threading.get_native_id():
            with contextlib.suppress(OSError):  # It has ended.
                call = Path(f"/proc/self/task/{task}/syscall").read_text("ascii").split()
                places.append(None if call == ["running"] else int(call[-1], 16))
    return places


def _code_of(path: str) -> list[tuple[int, int]]:
    ranges = []
    real = os.path.realpath(path)  # The system's name for it has no `..` in it.
    for line in Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines():
        if line.endswith(real):
            start, _, end = line.split(maxsplit=1)[0].partition("-")
            ranges.append((int(start, 16), int(end, 16)))
    return ranges
