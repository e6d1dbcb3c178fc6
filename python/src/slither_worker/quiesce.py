"""Bringing pools of threads to rest before a fork; they start again by themselves when they are next used."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Final

from slither_worker.libc import loaded_libraries

_OMP_PAUSE_HARD: Final = 2
_REUSABLE_EXECUTORS: Final = (
    "joblib.externals.loky.reusable_executor",
    "loky.reusable_executor",
)
_libraries: dict[str, Any] = {}


def stop_helper_threads() -> None:
    """End threads of libraries that would keep this process from being forked; they start again when needed.

    They are those of joblib's pool of processes, which is shut, and the one behind tqdm's progress bars.
    """
    _stop_process_pools()
    monitor = getattr(getattr(sys.modules.get("tqdm.std"), "tqdm", None), "monitor", None)
    if monitor is not None:
        with contextlib.suppress(Exception):  # It is then still there, and the fork is refused by its name.
            monitor.exit()


def _stop_process_pools() -> None:
    for name in _REUSABLE_EXECUTORS:
        executor = getattr(sys.modules.get(name), "_executor", None)
        if executor is not None:
            with contextlib.suppress(Exception):  # Its threads then say that it still runs.
                executor.shutdown(wait=True)


def pause_openmp() -> None:
    """End the threads of every GNU OpenMP library; in a copy, the first parallel loop would wait for them."""
    if sys.platform != "linux":
        return
    for library in _loaded_openmp():
        # The number of threads is forgotten with the threads.
        threads = library.omp_get_max_threads()
        library.omp_pause_resource_all(_OMP_PAUSE_HARD)
        library.omp_set_num_threads(threads)


def _loaded_openmp() -> list[Any]:
    import ctypes

    # Libraries that bring their own copy load it next to those of others.
    for path in loaded_libraries():
        if path not in _libraries and os.path.basename(path).startswith("libgomp"):
            with contextlib.suppress(OSError, AttributeError):  # Deleted since; older than OpenMP 5.0.
                library = ctypes.CDLL(path)
                _ = library.omp_pause_resource_all
                _libraries[path] = library
    return list(_libraries.values())
