"""The global random states of a process: kept in copies, new in new sessions."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any


def current_state() -> Any:
    """Return the state that a fork changes by itself: that of Python's `random`, if it is loaded."""
    module = sys.modules.get("random")
    return None if module is None else module.getstate()


def restore(state: Any) -> None:
    """Put back what `current_state` returned. The states of other libraries live through a fork."""
    if state is not None:
        sys.modules["random"].setstate(state)


def reseed() -> None:
    """Give the global random states new values from the system, where they are loaded: numpy, torch.

    Python has done so with that of `random` by itself, when this process was forked.
    """
    for name, renew in (("numpy.random", _renew_numpy), ("torch", _seed)):
        module = sys.modules.get(name)
        if module is not None:
            try:
                renew(module)
            except Exception:  # Replaced by something that has no seed; its owner must hear of it.
                traceback.print_exc()


def _renew_numpy(module: Any) -> None:
    # The whole state at once: `seed()` gives no better one, and writes to twice as much of the shared memory.
    kind, words, position, *_ = module.get_state()
    if kind == "MT19937":
        module.set_state((kind, memoryview(os.urandom(words.nbytes)).cast("I"), position))
    else:
        _seed(module)


def _seed(module: Any) -> None:
    module.seed()
