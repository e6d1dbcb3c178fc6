"""Score the demo's records with scikit-learn alone: one plain process, no sessions, no pipe.

What the pipe gives must equal this, bit by bit. Reads one JSON object from standard input,
`{training: {features, labels}, vectors, batchSize}`, and writes the predictions as JSON. It works in the
batches that the pipe works in, because the last bit of a matrix product may depend on the number of rows.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

job = json.load(sys.stdin)
model = LogisticRegression(max_iter=1000).fit(
    np.array(job["training"]["features"]), job["training"]["labels"]
)
predictions = []
for start in range(0, len(job["vectors"]), job["batchSize"]):
    batch = np.array(job["vectors"][start : start + job["batchSize"]])
    for label, probabilities in zip(
        model.predict(batch).tolist(), model.predict_proba(batch).tolist(), strict=True
    ):
        predictions.append(
            {"prediction": label, "confidence": max(probabilities), "probabilities": probabilities}
        )
json.dump(predictions, sys.stdout)
