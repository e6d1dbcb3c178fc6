"""How many threads numeric libraries use."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

# What threadpoolctl calls the libraries that read a variable.
_POOLS: Final = {"openmp": ("OMP_NUM_THREADS",), "blas": ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def use_threads(variables: Mapping[str, int]) -> None:
    """Have numeric libraries use as many threads as the variables that they read say.

    Those that will be loaded read them from the environment; those that are loaded are told.
    """
    if not variables:
        return
    os.environ.update({name: str(threads) for name, threads in variables.items()})
    if "numpy" in sys.modules:
        _limit_pools(variables)
    torch = sys.modules.get("torch")
    if torch is not None and "OMP_NUM_THREADS" in variables:
        torch.set_num_threads(variables["OMP_NUM_THREADS"])


def _limit_pools(variables: Mapping[str, int]) -> None:
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        if max(variables.values()) > 1:
            print(
                "slither_worker: more threads were asked for, but numeric libraries are loaded already, and"
                " threadpoolctl, which could tell them, is missing; run:"
                f" {sys.executable} -m pip install threadpoolctl",
                file=sys.stderr,
            )
        return
    limits = {pool: variables[name] for pool, names in _POOLS.items() for name in names if name in variables}
    threadpool_limits(limits)  # Not used as a context, it stays.
