"""The data of the demo: synthetic, seeded, and real (scikit-learn's bundled breast-cancer measurements)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer

FIELDS = ["f1", "f2", "f3", "f4"]

# Where the two classes of each training set lie; unit normal noise around them.
CENTRES = {
    "a": ([1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0]),
    "b": ([0.0, 0.0, 0.0, 0.0], [5.0, 5.0, 5.0, 5.0]),
}
# Where the records to score lie: near one class, near the other, and between.
RECORD_CENTRES = ([1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0], [2.0, 2.5, 2.0, 2.5])


def training_samples(name: str, count: int, seed: int) -> dict[str, Any]:
    """Give `count` rows of set `a` or `b`: `features` (count x 4), `labels` (0 or 1) and `feature_names`."""
    random = np.random.default_rng([seed, ord(name)])
    labels = np.arange(count) % 2
    features = np.asarray(CENTRES[name])[labels] + random.standard_normal((count, len(FIELDS)))
    return {"features": features.tolist(), "labels": labels.tolist(), "feature_names": FIELDS}


def records_to_score(count: int, seed: int) -> list[dict[str, Any]]:
    """Give `count` records `{id, data: {f1 … f4}}` around three centres, with normal noise of 0.3."""
    random = np.random.default_rng([seed, 1000])
    centres = np.asarray(RECORD_CENTRES)[np.arange(count) % len(RECORD_CENTRES)]
    rows = (centres + 0.3 * random.standard_normal(centres.shape)).tolist()
    return [
        {"id": f"record-{index}", "data": dict(zip(FIELDS, row, strict=True))}
        for index, row in enumerate(rows)
    ]


def random_vectors(count: int, seed: int) -> list[list[float]]:
    """Give `count` feature vectors that belong to no record: what a cache might hold from elsewhere."""
    random = np.random.default_rng([seed, 2000])
    vectors: list[list[float]] = random.uniform(0.0, 5.0, (count, len(FIELDS))).tolist()
    return vectors


def tumours(measurements: int, seed: int) -> dict[str, Any]:
    """Give the breast-cancer data with its first `measurements` of 30.

    It is split at random into one half to train and one to score. The classes are `malignant` and `benign`.
    """
    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names[:measurements]]
    order = np.random.default_rng(seed).permutation(len(data.target))
    train, score = order[: len(order) // 2], order[len(order) // 2 :]
    labels = np.asarray(data.target_names)[data.target]
    return {
        "feature_names": names,
        "train": {"features": data.data[train, :measurements].tolist(), "labels": labels[train].tolist()},
        "records": [
            {
                "id": f"tumour-{index}",
                "data": dict(zip(names, data.data[index, :measurements].tolist(), strict=True)),
                "truth": str(labels[index]),
            }
            for index in score.tolist()
        ],
    }


def interpreter() -> str:
    """Give the path of the Python that this session runs on."""
    return sys.executable
