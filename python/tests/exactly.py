"""Equality that also sees types, the sign of zero, NaN, the order of keys, and the layout of arrays."""

from __future__ import annotations

import struct
from typing import Any

import numpy


def exactly_equal(first: Any, second: Any) -> bool:
    if type(first) is not type(second):
        return False
    if isinstance(first, float):
        return struct.pack("<d", first) == struct.pack("<d", second)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(exactly_equal, first, second))
    if isinstance(first, dict):
        return exactly_equal(list(first.items()), list(second.items()))
    if isinstance(first, numpy.ndarray):
        same_form = first.shape == second.shape and first.dtype == second.dtype
        return bool(same_form and first.tobytes() == second.tobytes())
    return bool(first == second)
