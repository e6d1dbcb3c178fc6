"""What work costs without a border: the functions of the benchmarks, called in a loop in one process."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import datasets
import ml_scorer
import numpy as np
from numpy.typing import NDArray

_arrays: dict[int, NDArray[np.float64]] = {}


def noop() -> None:
    """Do nothing."""


def score_in_process(count: int, seed: int, model_id: str, batch_size: int, rounds: int) -> float:
    """Featurize and predict `count` records in batches, `rounds` times over; give the records per second."""
    items = _items(count, seed, model_id)
    batches = [items[start : start + batch_size] for start in range(0, len(items), batch_size)]
    began = time.perf_counter()
    for _ in range(rounds):
        for batch in batches:
            ml_scorer.predict_batch(ml_scorer.featurize_batch(batch))
    return rounds * len(items) / (time.perf_counter() - began)


@lru_cache
def _items(count: int, seed: int, model_id: str) -> list[ml_scorer.RawItem]:
    records = datasets.records_to_score(count, seed)
    return [{"id": record["id"], "model_id": model_id, "data": record["data"]} for record in records]


def score_columns(columns: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[Any]]:
    """Predict rows that come as columns with the session's model."""
    estimator = ml_scorer.get_model("model")
    probabilities = estimator.predict_proba(np.column_stack(list(columns.values())))
    return {"prediction": probabilities.argmax(axis=1), "confidence": probabilities.max(axis=1)}


def score_columns_in_process(model_id: str, batch_size: int, total: int) -> float:
    """Predict `total` rows in batches of ready columns; give the records per second."""
    ml_scorer.get_model(model_id)
    first = np.arange(batch_size, dtype=np.float64)
    columns = {"f1": first, "f2": first / 3, "f3": -first, "f4": first / 7}
    batches = total // batch_size
    began = time.perf_counter()
    for _ in range(batches):
        score_columns(columns)
    return batches * batch_size / (time.perf_counter() - began)


def sum_of(values: NDArray[np.float64]) -> float:
    """Add up an array."""
    return float(values.sum())


def sum_in_process(count: int) -> float:
    """Add up an array of `count` elements that is here already; give the milliseconds."""
    values = _arrays.setdefault(count, np.ones(count))
    began = time.perf_counter()
    sum_of(values)
    return (time.perf_counter() - began) * 1_000
