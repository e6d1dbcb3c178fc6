"""What a function that takes columns has given back, held to what it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slither_worker.class_names import type_name
from slither_worker.errors import CallFailure
from slither_worker.hints import hint_for
from slither_worker.ndarray import dtype_problem, is_array
from slither_worker.plain import SCALARS
from slither_worker.protocol import FORBIDDEN_KEY
from slither_worker.rejected import Rejected, reason_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Column = Any
"""A numpy array whose first axis is the rows, or a list."""

Columns = dict[str, Column]

_ONE_VALUE: Final = "use numpy.full for one value in all rows"

LIST_KINDS: Final = "OUT"
"""Of dtypes whose elements travel as a list: objects and text."""


class ResultCheck:
    """What a function has given back, held to what it must be."""

    def __init__(self, function: str, count: int) -> None:
        """Check what `function` gives back for so many rows."""
        self._function = function
        self._count = count

    def checked(self, results: Any) -> tuple[Columns, list[tuple[int, object]]]:
        """Return the columns, and the places of the rows that are set aside with their reasons, in order.

        Fails with `batch_result`, which names what is wrong.
        """
        rejected: Any = {}
        if type(results) is tuple and len(results) == 2:
            results, rejected = results
        if not issubclass(type(results), dict):
            raise self._failure("a dict of numpy arrays, one for each column", results, _hint(results))
        # Nothing that a subclass may have overridden is called.
        columns = {self._key(key): column for key, column in dict.items(results)}
        for key, column in columns.items():
            self._check_column(key, column)
        return columns, self._rejected(rejected)

    def _key(self, key: object) -> str:
        if type(key) is not str:
            raise self._failure("the names of its columns to be text", key, "")
        if key == FORBIDDEN_KEY:
            problem = f"expected no column {FORBIDDEN_KEY!r}, which no JavaScript object can have; rename it"
            raise self._problem(problem, None, "dict")
        return key

    def _check_column(self, key: str, column: Any) -> None:
        kind = type_name(type(column))
        if not is_array(column):
            if not issubclass(type(column), list):
                raise self._failure(f"column {key!r} to be a numpy array or a list", column, _hint(column))
            got = list.__len__(column)
        elif column.ndim == 0:
            expected = f"column {key!r} to have {self._count} rows"
            raise self._failure(expected, column, _ONE_VALUE, "a single value")
        else:
            got = column.shape[0]
            self._check_dtype(key, column)
        if got != self._count:
            raise self._problem(f"expected column {key!r} to have {self._count} rows, got {got}", got, kind)

    def _check_dtype(self, key: str, column: NDArray[Any]) -> None:
        problem = dtype_problem(column)
        if problem is None or (column.dtype.kind in LIST_KINDS and column.ndim == 1):
            return
        name, hint = problem
        raise self._failure(f"column {key!r} to have elements that can be carried", column, hint, name)

    def _rejected(self, rejected: Any) -> list[tuple[int, object]]:
        wanted = "the rows that are set aside as {index: Rejected(reason)}"
        if not issubclass(type(rejected), dict):
            raise self._failure(wanted, rejected, "give back the columns, or the columns and that")
        failed: list[tuple[int, object]] = []
        for index, why in dict.items(rejected):
            place = _index(index)
            if place is None or not 0 <= place < self._count:
                got = repr(index) if place is None else str(place)
                where = f"from 0 to {self._count - 1}"
                raise self._problem(f"expected {wanted}, {where}, got {got}", None, "dict")
            if not issubclass(type(why), Rejected):
                raise self._failure(wanted, why, "")
            failed.append((place, reason_of(why)))
        return sorted(failed, key=lambda row: row[0])

    def _failure(self, expected: str, value: object, hint: str, shown: str | None = None) -> CallFailure:
        kind = type_name(type(value))
        advice = f" ({hint})" if hint else ""
        return self._problem(f"expected {expected}, got {shown or f'a {kind}'}{advice}", None, kind)

    def _problem(self, problem: str, got: int | None, kind: str) -> CallFailure:
        message = f"{self._function}: {problem}"
        fields = {"expected": self._count, "got": got, "type": kind, "problem": problem}
        return CallFailure("batch_result", message, **fields)


def _index(value: object) -> int | None:
    """Return an integer of Python's or numpy's; `None` for anything else."""
    item = value.item() if hasattr(type(value), "item") and hasattr(value, "item") else value
    return item if type(item) is int else None


def _hint(value: object) -> str:
    kind = type_name(type(value))
    if type(value) in SCALARS:
        return _ONE_VALUE
    if kind.startswith("pandas.") and kind.endswith(".DataFrame"):
        return "use {name: frame[name].to_numpy() for name in frame}"
    if kind.startswith("pandas."):
        return "use .to_numpy()"
    if type(value) is tuple:
        return "use list(value)"
    return "" if type(value) is list else hint_for(value)
