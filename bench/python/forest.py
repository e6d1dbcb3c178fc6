"""A large model."""

from __future__ import annotations

import os

import numpy as np
from sklearn.ensemble import RandomForestRegressor

_MEGABYTE = 2**20
_state: dict[str, object] = {}


def grow_forest(megabytes: float) -> float:
    """Train trees until this process has so many megabytes more; return how many it has."""
    generator = np.random.default_rng(0)
    features, target = generator.normal(size=(60_000, 10)), generator.normal(size=60_000)
    before = _resident()
    forest = RandomForestRegressor(n_estimators=0, max_features=1, warm_start=True, random_state=0)
    while _resident() - before < megabytes * _MEGABYTE:
        forest.n_estimators += 2
        forest.fit(features, target)
    _state["forest"] = forest
    return (_resident() - before) / _MEGABYTE


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
