"""Ending helper threads of libraries before a fork; they start again by themselves when they are needed."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Final

_REUSABLE_EXECUTORS: Final = (
    "joblib.externals.loky.reusable_executor",
    "loky.reusable_executor",
)


def stop_helper_threads() -> None:
    """End threads of libraries that would keep this process from being forked; they start again when needed.

    They are those of joblib's pool of processes, which is shut when it is idle, and the one behind tqdm's
    progress bars.
    """
    for executor in _process_pools():
        with contextlib.suppress(Exception):  # Its threads then say that it still runs.
            # It waits for the work to be done, which may take for ever.
            if not executor._pending_work_items:
                executor.shutdown(wait=True)
    monitor = getattr(getattr(sys.modules.get("tqdm.std"), "tqdm", None), "monitor", None)
    if monitor is not None:
        with contextlib.suppress(Exception):  # It is then still there, and the fork is refused by its name.
            monitor.exit()


def process_pool_works() -> bool:
    """Tell whether joblib's pool of processes has work that is not done."""
    return any(getattr(executor, "_pending_work_items", None) for executor in _process_pools())


def _process_pools() -> list[Any]:
    executors = [getattr(sys.modules.get(name), "_executor", None) for name in _REUSABLE_EXECUTORS]
    return [executor for executor in executors if executor is not None]
