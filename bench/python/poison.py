"""Scoring in which some records are poison: what each of them does is in the record."""

from __future__ import annotations

import ctypes
import os
import time
from typing import TypedDict

_PIECE = 50_000_000


class Record(TypedDict):
    """What Node sends; `poison` is None for good records."""

    id: int
    poison: str | None
    values: list[float]


def score(records: list[Record]) -> list[float]:
    """Score records; one that is poison raises, ends the process, eats memory or never comes back."""
    return [_score_one(record) for record in records]


def _score_one(record: Record) -> float:
    poison = record["poison"]
    if poison == "raise":
        raise ValueError(f"record {record['id']} is bad")
    if poison == "abort":
        os.abort()
    if poison == "segfault":
        ctypes.string_at(0)
    if poison == "exit":
        os._exit(3)
    if poison == "memory":
        _eat_memory()
    if poison == "hang":
        time.sleep(3_600)
    return sum(value * value for value in record["values"])


def _eat_memory() -> None:
    eaten: list[bytearray] = []
    while True:
        eaten.append(bytearray(_PIECE))
