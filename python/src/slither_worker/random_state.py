"""The global random states of a process: kept in copies, new in new sessions."""

from __future__ import annotations

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
    """Seed the global random states anew from the system, where they are loaded: numpy, torch.

    Python has done so with that of `random` by itself, when this process was forked.
    """
    for name in ("numpy.random", "torch"):
        module = sys.modules.get(name)
        if module is not None:
            try:
                module.seed()
            except Exception:  # Replaced by something that has no seed; its owner must hear of it.
                traceback.print_exc()
