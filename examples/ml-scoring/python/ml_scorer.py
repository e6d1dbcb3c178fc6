"""Train scikit-learn classifiers and score records with them.

Everything this module remembers is in module globals, as in any script. A session is a process of its own, so
these globals are the session's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from slither_worker import session_id


class ModelInfo(TypedDict):
    """What there is to know of a trained model."""

    id: str
    accuracy: float
    classes: list[Any]
    n_features: int
    n_samples: int


class RawItem(TypedDict):
    """A record to featurize."""

    id: str
    model_id: str
    data: dict[str, float]


class FeaturizedItem(TypedDict):
    """A record to predict: as many features as its model was trained on."""

    id: str
    model_id: str
    features: list[float]


class Prediction(TypedDict):
    """The class of a record, how sure the model is of it, and the probability of each class."""

    id: str
    prediction: Any
    confidence: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class TrainedModel:
    """A fitted classifier and what was said of it when it was fitted."""

    info: ModelInfo
    estimator: LogisticRegression | Pipeline
    feature_names: list[str] | None


class UnknownModelError(LookupError):
    """The session has no model of that name."""


_models: dict[str, TrainedModel] = {}
_champions: dict[str, str] = {}
_counts = {"predictions": 0}


def train_model(
    model_id: str,
    features: list[list[float]],
    labels: list[Any],
    *,
    feature_names: list[str] | None = None,
    scale: bool = False,
) -> ModelInfo:
    """Fit a logistic regression and keep it in this session.

    `features` is n rows of equal length, `labels` n classes. With `feature_names` (one for each column) the
    columns are put in the order of their sorted names, which is the order that records are featurized in, and
    records are checked against them. With `scale` each feature is brought to mean 0 and variance 1 first. The
    accuracy is that on the training data.
    """
    classifier = LogisticRegression(max_iter=1000)
    estimator = make_pipeline(StandardScaler(), classifier) if scale else classifier
    matrix = np.asarray(features, dtype=np.float64)
    names = None
    if feature_names is not None:
        order = sorted(range(len(feature_names)), key=feature_names.__getitem__)
        names = [feature_names[index] for index in order]
        matrix = matrix[:, order]
    estimator.fit(matrix, labels)
    info = ModelInfo(
        id=model_id,
        accuracy=float(estimator.score(matrix, labels)),
        classes=estimator.classes_.tolist(),
        n_features=matrix.shape[1],
        n_samples=matrix.shape[0],
    )
    _models[model_id] = TrainedModel(info=info, estimator=estimator, feature_names=names)
    _champions["champion"] = model_id
    return info


def featurize_batch(items: list[RawItem]) -> list[FeaturizedItem]:
    """Give each record its feature vector: the fields of `data` sorted by name."""
    return [_featurize(item) for item in items]


def predict_batch(items: list[FeaturizedItem]) -> list[Prediction]:
    """Predict all records with one call of each model that they ask for."""
    by_model: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        by_model.setdefault(item["model_id"], []).append(index)
    predicted: dict[int, Prediction] = {}
    for model_id, indices in by_model.items():
        predictions = _predict(_find(model_id), [items[index] for index in indices])
        predicted.update(zip(indices, predictions, strict=True))
    _counts["predictions"] += len(items)
    return [predicted[index] for index in range(len(items))]


def model_stats(model_id: str | None = None) -> dict[str, Any]:
    """Tell what this session holds; with `model_id`, tell of that model, or raise UnknownModelError."""
    if model_id is not None:
        return dict(_find(model_id).info)
    return {
        "session": session_id(),
        "models": sorted(_models),
        "champion": _champions.get("champion"),
        "predictions": _counts["predictions"],
    }


def get_model(model_id: str) -> LogisticRegression | Pipeline:
    """Give the fitted estimator itself, for a caller that keeps it in the session by a ref."""
    return _find(model_id).estimator


def model_class(estimator: LogisticRegression | Pipeline) -> str:
    """Name the class of an estimator that is passed by a ref."""
    return type(estimator).__name__


def _find(model_id: str) -> TrainedModel:
    model = _models.get(model_id)
    if model is None:
        held = ", ".join(sorted(_models)) or "none"
        raise UnknownModelError(f"session {session_id()} has no model {model_id!r}; it has {held}")
    return model


def _featurize(item: RawItem) -> FeaturizedItem:
    return {"id": item["id"], "model_id": item["model_id"], "features": _features_of(item)}


def _features_of(item: RawItem) -> list[float]:
    data = item["data"]
    names = _find(item["model_id"]).feature_names or sorted(data)
    if len(data) != len(names) or not all(name in data for name in names):
        came = ", ".join(sorted(data)) or "none"
        raise ValueError(f"record {item['id']}: expected the fields {', '.join(names)}, got {came}")
    features = [data[name] for name in names]
    for name, value in zip(names, features, strict=True):
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValueError(f"record {item['id']}: expected {name} to be a finite number, got {value!r}")
    return features


def _predict(model: TrainedModel, items: list[FeaturizedItem]) -> list[Prediction]:
    probabilities = model.estimator.predict_proba(_matrix(model, items))
    classes = model.info["classes"]
    names = [str(each) for each in classes]
    best = probabilities.argmax(axis=1).tolist()
    return [
        {
            "id": item["id"],
            "prediction": classes[top],
            "confidence": row[top],
            "probabilities": dict(zip(names, row, strict=True)),
        }
        for item, top, row in zip(items, best, probabilities.tolist(), strict=True)
    ]


def _matrix(model: TrainedModel, items: list[FeaturizedItem]) -> NDArray[np.float64]:
    name, expected = model.info["id"], model.info["n_features"]
    for item in items:
        came = len(item["features"])
        if came != expected:
            raise ValueError(
                f"record {item['id']}: model {name} was trained on {expected} features, got {came}"
            )
    return np.array([item["features"] for item in items], dtype=np.float64)
