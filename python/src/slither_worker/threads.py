"""How many threads numeric libraries use."""

from __future__ import annotations

import os
import sys
from typing import Final

_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_threads: int | None = None


def use_threads(threads: int) -> None:
    """Have numeric libraries, those that are loaded and those that will be, use this many threads."""
    global _threads  # noqa: PLW0603
    known = _threads == threads or os.environ.get(_VARIABLES[0]) == str(threads)
    _threads = threads
    if known:
        return
    os.environ.update(dict.fromkeys(_VARIABLES, str(threads)))
    if "numpy" in sys.modules:
        _limit_pools(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def _limit_pools(threads: int) -> None:
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        if threads > 1:
            print(
                f"slither_worker: {threads} threads were asked for, but numeric libraries are loaded already,"
                " and threadpoolctl, which could tell them, is missing; run:"
                f" {sys.executable} -m pip install threadpoolctl",
                file=sys.stderr,
            )
    else:
        threadpool_limits(threads)  # Not used as a context, it stays.
