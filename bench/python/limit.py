"""What scoring costs without a border: the functions of the pipe, called in a loop in one process."""

from __future__ import annotations

import time
from typing import Any

import ml_scorer


def noop() -> None:
    """Do nothing."""


def score_in_process(records: list[dict[str, Any]], model_id: str, batch_size: int, rounds: int) -> float:
    """Featurize and predict `records` in batches, `rounds` times over; give the records per second."""
    items: list[ml_scorer.RawItem] = [
        {"id": record["id"], "model_id": model_id, "data": record["data"]} for record in records
    ]
    batches = [items[start : start + batch_size] for start in range(0, len(items), batch_size)]
    began = time.perf_counter()
    for _ in range(rounds):
        for batch in batches:
            ml_scorer.predict_batch(ml_scorer.featurize_batch(batch))
    return rounds * len(items) / (time.perf_counter() - began)
