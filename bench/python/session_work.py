"""What the sessions of the benchmarks do."""

from __future__ import annotations

import os

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression

_MEGABYTE = 2**20
_state: dict[str, object] = {}


def first_answer() -> float:
    """Do the least that needs scikit-learn."""
    return float(LogisticRegression(C=0.5).C)


def train(seed: int) -> float:
    """Train this session's own model on 500 rows of 4 features; return its first coefficient."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(500, 4))
    model = LogisticRegression().fit(features, features[:, 0] + features[:, 1] > 0)
    _state["model"] = model
    return float(model.coef_[0, 0])


def predict() -> list[float]:
    """Return the probabilities that the session's model gives to four fixed rows."""
    model = _state["model"]
    assert isinstance(model, LogisticRegression)
    return [float(value) for value in model.predict_proba(np.eye(4))[:, 1]]


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
