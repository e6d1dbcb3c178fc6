"""Values that the protocol carries."""

from __future__ import annotations

from typing import Any

import numpy
from hypothesis import strategies
from hypothesis.extra import numpy as numpy_strategies

from slither_worker.protocol import FORBIDDEN_KEY

DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)


def _joined_surrogates(text: str) -> bool:
    # A high surrogate before a low one is a single character in UTF-16, so it comes back as that character.
    return text != text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


texts = strategies.text(strategies.characters(exclude_categories=())).filter(
    lambda text: text != FORBIDDEN_KEY and not _joined_surrogates(text)
)
floats = strategies.floats().map(lambda number: number if number == number else float("nan"))
integers = strategies.integers() | strategies.integers(-(2**70), 2**70)
scalars = strategies.none() | strategies.booleans() | integers | floats | texts | strategies.binary()
keys = strategies.none() | strategies.booleans() | integers | strategies.floats(allow_nan=False) | texts
arrays: strategies.SearchStrategy[Any] = strategies.sampled_from(DTYPES).flatmap(
    lambda dtype: numpy_strategies.arrays(
        numpy.dtype(dtype), numpy_strategies.array_shapes(min_dims=0, min_side=0)
    )
)
values: strategies.SearchStrategy[Any] = strategies.recursive(
    scalars | arrays,
    lambda inner: (
        strategies.lists(inner)
        | strategies.lists(inner).map(tuple)
        | strategies.dictionaries(texts, inner)
        | strategies.dictionaries(keys, inner)
    ),
    max_leaves=30,
)
