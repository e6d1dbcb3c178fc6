"""Mapping a function that takes one payload over a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from slither_worker.errors import exception_map
from slither_worker.interrupts import Cancelled, run_user_code, was_cancelled
from slither_worker.progress import row_note
from slither_worker.rejected import Rejected, RejectedRow, reason_of
from slither_worker.user_code import failure_of

FailedRow = list[Any]
"""Index and error map of a record that has failed by itself, as they stand on the wire."""


class Mapped(NamedTuple):
    """What came of each payload: the rows of `rejected` and `failed` are `None` in `rows`."""

    rows: list[Any]
    rejected: list[RejectedRow]
    """Those for which `Rejected` was raised; where it was given back, it still stands in `rows`."""
    failed: list[FailedRow]


def map_each(function: Callable[[Any], Any], payloads: list[Any]) -> Mapped:
    """Call a function once for each payload, in order; what it raises is the failure of that row.

    Fails as a whole when the call is cancelled, and with what says nothing about the payload: a
    `MemoryError`, and what is no `Exception`, such as `KeyboardInterrupt`.
    """
    rows: list[Any] = []
    rejected: list[RejectedRow] = []
    failed: list[FailedRow] = []
    row = row_note()

    def go_on() -> None:
        # By places: a signal handler of user code may raise between two payloads, too.
        for index in range(len(rows), len(payloads)):
            if was_cancelled():  # The code for the payload before has swallowed it.
                raise Cancelled("the call was cancelled")
            row[0] = index
            rows.append(function(payloads[index]))

    while len(rows) < len(payloads):
        try:
            run_user_code(go_on)
        except BaseException as error:
            is_behind_the_last = len(rows) == len(payloads)
            if is_behind_the_last or was_cancelled() or not _concerns_one(error):
                raise failure_of(error) from None
            # Described at once: an exception keeps all that its frames hold.
            if issubclass(type(error), Rejected):
                rejected.append([len(rows), reason_of(error)])
            else:
                failed.append([len(rows), exception_map(error)])
            rows.append(None)
    return Mapped(rows, rejected, failed)


def _concerns_one(error: BaseException) -> bool:
    kind = type(error)  # Nothing that a class may have overridden is asked.
    return issubclass(kind, Exception) and not issubclass(kind, MemoryError)
