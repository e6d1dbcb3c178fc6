"""What slither-ts and its peers all call: two functions of the example in one, with a trained model."""

from __future__ import annotations

import datasets
import ml_scorer
import numpy as np
from numpy.typing import NDArray

_MODEL = "model"


def _train() -> None:
    samples = datasets.training_samples("a", 2_000, 42)
    ml_scorer.train_model(
        _MODEL, samples["features"], samples["labels"], feature_names=samples["feature_names"]
    )


_train()


def noop() -> None:
    """Do nothing."""


def items_to_score(count: int) -> list[ml_scorer.RawItem]:
    """Give `count` items for `score_batch`."""
    records = datasets.records_to_score(count, 42)
    return [{"id": record["id"], "model_id": _MODEL, "data": record["data"]} for record in records]


def score_batch(items: list[ml_scorer.RawItem]) -> list[ml_scorer.Prediction]:
    """Featurize and predict in one call."""
    return ml_scorer.predict_batch(ml_scorer.featurize_batch(items))


def sum_of(values: NDArray[np.float64]) -> float:
    """Add up an array."""
    return float(values.sum())


def sum_of_bytes(data: bytes) -> float:
    """Add up an array of float64 that came as its bytes, without a copy."""
    return sum_of(np.frombuffer(data, dtype=np.float64))
