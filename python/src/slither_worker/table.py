"""The rows of a batch on the wire: as they are, or, where all are alike, as one list for each key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, cycle
from operator import is_
from typing import Any, Final, NamedTuple

from slither_worker.errors import CallFailure
from slither_worker.plain import SCALARS, is_plain
from slither_worker.protocol import FORBIDDEN_KEY, MAX_DEPTH

Shape = tuple[Any, ...]
"""The keys of all rows, in their order; each in a pair with the shape of its values where these are dicts."""

FEWEST_ROWS: Final = 16
"""Fewer than this are not worth the code that is made for each shape."""

MOST_COLUMNS: Final = 500
_DEEPEST: Final = 8


class Table(NamedTuple):
    """Rows as they travel: `values` are the rows, or, with a shape, a column for each leaf of it."""

    rows: int
    shape: list[Any] | None
    values: Any
    """A list where it was received; the encoder takes other sequences, and what is encoded already."""


class _Uneven(Exception):
    """The rows are not all alike."""


def rows_of(count: int, shape: list[Any] | None, values: object) -> list[Any]:
    """Make the rows that a table stands for; fails with `protocol` for what is none."""
    if type(values) is not list:
        raise CallFailure("protocol", "a table has no list of values")
    if shape is None:
        _check(len(values) == count, f"a table of {count} rows has {len(values)}")
        return values
    frozen = _frozen(shape, 0)
    _check(_leaves(frozen) == len(values), f"a shape of {_leaves(frozen)} columns has {len(values)}")
    _check(all(type(column) is list and len(column) == count for column in values), "a column is too short")
    return _builder(frozen)(values)


def columns_of(rows: list[Any]) -> Table | None:
    """Turn rows into columns; `None` for rows that are not all alike, or not all plain values."""
    if len(rows) < FEWEST_ROWS:
        return None
    columns: list[Sequence[Any]] = []
    try:
        shape = _split(rows, columns, 0)
    except _Uneven:
        return None
    return Table(len(rows), shape, columns)


def _split(rows: Sequence[Any], columns: list[Sequence[Any]], depth: int) -> list[Any]:
    if set(map(type, rows)) != {dict}:
        raise _Uneven
    shape: list[Any] = []
    for key, column in zip(_common_keys(rows), zip(*map(dict.values, rows), strict=True), strict=True):
        shape.append(_nested(key, column, columns, depth) or key)
    return shape


def _common_keys(rows: Sequence[dict[Any, Any]]) -> tuple[str, ...]:
    keys = tuple(rows[0])
    if not keys or set(map(type, keys)) != {str} or FORBIDDEN_KEY in keys:
        raise _Uneven
    if sum(map(len, rows)) != len(keys) * len(rows):
        raise _Uneven
    # As a rule they are the very same objects. What else they are is compared only where that calls nothing
    # which a subclass of text may have overridden.
    same = all(map(is_, chain.from_iterable(rows), cycle(keys)))
    if not same and (_types_of_keys(rows) != {str} or set(map(tuple, rows)) != {keys}):
        raise _Uneven
    return keys


def _types_of_keys(rows: Sequence[dict[Any, Any]]) -> set[type]:
    return set(map(type, chain.from_iterable(rows)))


def _nested(key: str, column: Sequence[Any], columns: list[Sequence[Any]], depth: int) -> list[Any] | None:
    kinds = set(map(type, column))
    if kinds == {dict} and depth < _DEEPEST:
        before = len(columns)
        try:
            return [key, _split(column, columns, depth + 1)]
        except _Uneven:
            del columns[before:]
    if len(columns) >= MOST_COLUMNS or not (kinds <= SCALARS or is_plain(list(column), MAX_DEPTH - depth)):
        raise _Uneven
    columns.append(column)
    return None


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise CallFailure("protocol", problem)


def _frozen(shape: list[Any], depth: int) -> Shape:
    _check(len(shape) > 0 and depth <= _DEEPEST, "a shape is damaged")
    return tuple(key if type(key) is str else _frozen_pair(key, depth) for key in shape)


def _frozen_pair(pair: Any, depth: int) -> tuple[str, Shape]:
    is_pair = type(pair) is list and len(pair) == 2 and type(pair[0]) is str and type(pair[1]) is list
    _check(is_pair, "a shape is damaged")
    return pair[0], _frozen(pair[1], depth + 1)


def _leaves(shape: Shape) -> int:
    return sum(1 if isinstance(key, str) else _leaves(key[1]) for key in shape)


@lru_cache(maxsize=256)
def _builder(shape: Shape) -> Callable[[list[Any]], list[Any]]:
    """Make the function that turns columns of this shape into rows.

    A dict display with its keys in it takes a third of the time of any loop over keys. Keys get into the code
    as the literals that `repr` writes, as `collections.namedtuple` makes its classes.
    """
    names = [f"c{index}" for index in range(_leaves(shape))]
    display = _display(shape, iter(names))
    code = f"lambda columns: [{display} for {', '.join(names)}, in zip(*columns)]"
    builder: Callable[[list[Any]], list[Any]] = eval(code, {"zip": zip})
    return builder


def _display(shape: Shape, names: Any) -> str:
    items = [
        f"{key!r}: {next(names)}" if isinstance(key, str) else f"{key[0]!r}: {_display(key[1], names)}"
        for key in shape
    ]
    return "{" + ", ".join(items) + "}"
