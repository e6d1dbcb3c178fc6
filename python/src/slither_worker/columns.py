"""Carrying out a batch by columns: a dict of numpy arrays through one function after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from slither_worker.batch import Batch, Step, results_of
from slither_worker.column_results import LIST_KINDS, Column, Columns, ResultCheck
from slither_worker.errors import CallFailure
from slither_worker.functions import find_function, load_module
from slither_worker.ndarray import is_array
from slither_worker.plain import SCALARS
from slither_worker.progress import note_step


class ColumnTable(NamedTuple):
    """Rows that are to be sent."""

    rows: int
    columns: Columns
    places: Sequence[int]
    """Where each of them stood in what the last function gave back, for errors."""


class ColumnBatch(Batch):
    """The rows of a batch on their way, as columns."""

    def __init__(self, count: int, keys: list[str], values: list[Column]) -> None:
        """Begin with columns as they have come; fails with `protocol` for what is none."""
        super().__init__([], fails_by_row=False)
        if len(keys) != len(values) or any(len(value) != count for value in values):
            raise CallFailure("protocol", f"a table of {count} rows has a column that is too short, or none")
        self.columns = {key: _as_array(value) for key, value in zip(keys, values, strict=True)}
        self._count = count

    @property
    def count(self) -> int:
        """How many rows are left."""
        return self._count

    def table(self, indices: list[int] | None = None) -> ColumnTable:
        """Return the rows that are left; with `indices`, those that stood there in the batch as it came."""
        given = self._places_given
        if indices is None:
            return ColumnTable(self._count, self.columns, given)
        wanted = set(indices)
        places = [place for place, index in enumerate(self.indices) if index in wanted]
        columns = {key: _at(column, places) for key, column in self.columns.items()}
        return ColumnTable(len(places), columns, [given[place] for place in places])

    def _remove(self, gone: set[int]) -> None:
        places = [place for place in range(self._count) if place not in gone]
        self.columns = {key: _at(column, places) for key, column in self.columns.items()}
        self._count = len(places)

    def _take(self, number: int, step: Step) -> None:
        note_step(number, knows_rows=False)
        function = find_function(step.module, step.function)
        # What has just come from Node is of no other's.
        given_as = _as_array if number == 0 else _own_array
        given = {key: given_as(column) for key, column in self.columns.items()}
        results = results_of(function, given)
        check = ResultCheck(f"{step.module}.{step.function}", self._count)
        self.columns, failed = check.checked(results)
        self._given, self._places = self._count, None
        self.drop(number, failed)


def _as_array(column: Column) -> Column:
    """Return the array of a column; one of objects for a list."""
    if is_array(column):
        return column
    made = load_module("numpy").empty(len(column), dtype=object)
    if set(map(type, column)) <= SCALARS:
        made[:] = column
    else:
        # In one piece, lists of one length would become an array of more axes.
        for place, value in enumerate(column):
            made[place] = value
    return made


def _own_array(column: Column) -> Column:
    """Return an array such as would have come from Node: on its own memory, in C order; text as objects.

    What a function gives back may be an array that it keeps, one twice, and of any layout.
    """
    if not is_array(column):
        return _as_array(column)
    dtype = object if column.dtype.kind in LIST_KINDS else column.dtype.name
    return column.astype(dtype, order="C")


def _at(column: Column, places: list[int]) -> Column:
    return column[places] if is_array(column) else [column[place] for place in places]
