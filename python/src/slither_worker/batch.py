"""Carrying out a batch: its rows through one function after the other, without leaving the process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from slither_worker.class_names import type_name
from slither_worker.each import map_each
from slither_worker.errors import CallFailure
from slither_worker.functions import find_function
from slither_worker.interrupts import run_user_code
from slither_worker.progress import note_step
from slither_worker.rejected import set_aside
from slither_worker.tracing import follow
from slither_worker.user_code import failure_of

Form = Literal["list", "each", "columns"]
"""What a function takes: all rows, one row, or columns."""

LeftRow = list[Any]
"""Index, step, and reason or error map of a row that was set aside or has failed, as on the wire."""


class Step(NamedTuple):
    """One function of a batch."""

    module: str
    function: str
    form: Form


class Tap(NamedTuple):
    """The rows whose values after a step are to come home as well."""

    step: int
    indices: list[int]


class Entry(NamedTuple):
    """The rows that come in at a later step, and have no part in those before."""

    step: int
    indices: list[int]


class Batch:
    """The rows of a batch on their way: those that are left, and what became of the others."""

    def __init__(self, rows: list[Any], *, fails_by_row: bool, entries: Sequence[Entry] = ()) -> None:
        """Begin with all rows but those of `entries`.

        `fails_by_row`: a result that cannot be carried concerns its row alone.
        """
        self.rows = rows
        self.fails_by_row = fails_by_row
        self.left: list[LeftRow] = []
        self.stamps: list[float] = []
        """When each step was done and the next one began, by turns, in seconds of the monotonic clock.

        What `on_done` does in between is part of neither."""
        self._indices: list[int] | None = None  # As they are, as long as none has left.
        self._given = len(rows)
        self._places: list[int] | None = None
        self._size = len(rows)
        self._later: dict[int, dict[int, Any]] = {}
        for step, indices in entries:
            self._later.setdefault(step, {}).update({index: rows[index] for index in indices})
        if self._later:
            later = {index for entering in self._later.values() for index in entering}
            self._indices = [index for index in range(len(rows)) if index not in later]
            self.rows = [rows[index] for index in self._indices]

    def carry_out(self, steps: list[Step], on_done: Callable[[int], None]) -> None:
        """Take the rows through the steps; what fails as a whole has the number of its step in its error map.

        `on_done` is called after each step, before the next one can change what is in the rows.
        """
        for number, step in enumerate(steps):
            try:
                if number > 0:
                    self.stamps.append(time.monotonic())
                self._let_in(number)
                if self.count:
                    self._take(number, step)
                self.stamps.append(time.monotonic())
                on_done(number)
            except CallFailure as failure:
                failure.error["step"] = number
                raise

    def chosen(self, indices: list[int]) -> list[Any]:
        """Return those of the rows that stood at these places in the batch as it came, and are left."""
        wanted = set(indices)
        return [row for index, row in zip(self.indices, self.rows, strict=True) if index in wanted]

    def given(self, indices: list[int] | None = None) -> list[Any]:
        """Return what the last function gave back, as paths in errors name it.

        There is `None` in place of the rows that were set aside, and of those that are not among `indices`.
        """
        rows: list[Any] = [None] * self._given
        for place, index, row in zip(self._places_given, self.indices, self.rows, strict=True):
            if indices is None or index in indices:
                rows[place] = row
        return rows

    def drop(self, number: int, failed: list[tuple[int, object]]) -> None:
        """Take out rows, by their places, that have failed in a step."""
        if not failed:
            return
        indices, places = self.indices, self._places_given
        self.left += [[indices[place], number, why] for place, why in failed]
        gone = {place for place, _ in failed}
        self._remove(gone)
        self._indices = [index for place, index in enumerate(indices) if place not in gone]
        self._places = [given for place, given in enumerate(places) if place not in gone]

    @property
    def indices(self) -> list[int]:
        """Where each row stood in the batch as it came."""
        return list(range(self.count)) if self._indices is None else self._indices

    @property
    def count(self) -> int:
        """How many rows are left."""
        return len(self.rows)

    def _let_in(self, number: int) -> None:
        """Put the rows that come in at a step among those that are left, in their order."""
        entering = self._later.pop(number, None)
        if not entering:
            return
        rows = {**dict(zip(self.indices, self.rows, strict=True)), **entering}
        indices = sorted(rows)
        self.rows = [rows[index] for index in indices]
        self._indices = None if len(indices) == self._size else indices

    def _remove(self, gone: set[int]) -> None:
        """Take out the rows at these places."""
        self.rows = [row for place, row in enumerate(self.rows) if place not in gone]

    @property
    def _places_given(self) -> Sequence[int]:
        """Where each row stood in what the last function gave back."""
        return range(self.count) if self._places is None else self._places

    def _take(self, number: int, step: Step) -> None:
        note_step(number, knows_rows=step.form == "each" and self._indices is None)
        function = find_function(step.module, step.function)
        follow()  # That may have imported OpenTelemetry.
        if step.form == "each":
            mapped = map_each(function, self.rows)
            rows, returned = set_aside(mapped.rows)
            failed = [*mapped.rejected, *mapped.failed, *returned]
        else:
            rows, failed = set_aside(_list_of(function, self.rows, f"{step.module}.{step.function}"))
        self.rows = rows
        self._given, self._places = len(rows), None
        if failed:
            self.drop(number, sorted(map(tuple, failed), key=_place))


def _place(failed: Any) -> int:
    place: int = failed[0]
    return place


def results_of(function: Callable[..., Any], given: Any) -> Any:
    """Call a function of the user's with all that is left of a batch; fails with what it raises."""
    try:
        return run_user_code(lambda: function(given))
    except BaseException as error:  # Also SystemExit and KeyboardInterrupt: only Node ends a session.
        raise failure_of(error) from None


def _list_of(function: Callable[..., Any], rows: list[Any], name: str) -> list[Any]:
    expected = len(rows)  # Taken first: the function may change the list.
    results = results_of(function, rows)
    given = _exact_list(results)
    if given is None or len(given) != expected:
        raise _batch_failure(name, expected, given, type_name(type(results)))
    return given


def _exact_list(results: Any) -> list[Any] | None:
    if type(results) is list:
        return results
    # Nothing that a subclass may have overridden is called.
    return list.copy(results) if issubclass(type(results), list) else None


def _batch_failure(function: str, expected: int, rows: list[Any] | None, kind: str) -> CallFailure:
    got = None if rows is None else len(rows)
    came = f"a {kind}" if got is None else f"{got}"
    wanted = f"{function} must give back a list of {expected} results, one for each payload, in order"
    return CallFailure("batch_result", f"{wanted}; got {came}", expected=expected, got=got, type=kind)
