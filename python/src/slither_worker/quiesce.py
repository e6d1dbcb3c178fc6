"""Ending helper threads of libraries before a fork; they start again by themselves when they are needed."""

from __future__ import annotations

import contextlib
import sys
from typing import Final

_REUSABLE_EXECUTORS: Final = (
    "joblib.externals.loky.reusable_executor",
    "loky.reusable_executor",
)


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
