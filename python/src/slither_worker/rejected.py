"""Setting single records aside, in place of their results."""

from __future__ import annotations

from typing import Any

from slither_worker.class_names import name_of, type_name
from slither_worker.errors import message_of

RejectedRow = list[Any]
"""Index and reason of a record that was set aside, as they stand on the wire."""


class Rejected(Exception):
    """Given back in place of one result: sets that record aside, and no other.

    `reason` is text that is not empty. The run has the record among its rejected ones, with this reason,
    whatever the policy of its stage. This is a decision, not a failure, and costs nothing: what is raised
    fails the whole batch, which is then searched for the records that are to blame. For example:

        def predict_batch(people: list[dict[str, Any]]) -> list[float | Rejected]:
            return [predict(each) if each["age"] >= 0 else Rejected("negative age") for each in people]

    It may only stand directly in the list that a batch function gives back; anywhere else it is a value that
    cannot be carried. A function that takes one payload (of a stage with `each`) gives it back as its result,
    or raises it, which is the same. Elsewhere it may be raised as any exception. A subclass stands for the
    same, and its reason is its text: `str(rejected)`.

    Raises `TypeError` for a reason that is no text, and `ValueError` for an empty one.
    """

    def __init__(self, reason: str) -> None:
        """Make the stand-in for one result."""
        if not isinstance(reason, str):
            raise TypeError(f"expected the reason as text, got {type_name(type(reason))}")
        if reason == "":
            raise ValueError("expected the reason as text that is not empty, got ''")
        # The text of a text that is also something else, such as an enum, may be its name.
        super().__init__(str.__str__(reason))

    @property
    def reason(self) -> str:
        """Why the record is set aside."""
        return str(self)


Rejected.__module__ = "slither_worker"


def set_aside(rows: list[Any]) -> tuple[list[Any], list[RejectedRow]]:
    """Take what is rejected out of a batch's results, where it leaves `None`; returns a new list then."""
    kinds = {kind for kind in set(map(type, rows)) if issubclass(kind, Rejected)}
    if not kinds:
        return rows, []
    rejected = [[index, reason_of(row)] for index, row in enumerate(rows) if type(row) in kinds]
    return [None if type(row) in kinds else row for row in rows], rejected


def reason_of(rejected: BaseException) -> str:
    """Return why a record is set aside: what it says as an exception; a subclass may have no text."""
    return message_of(rejected) or name_of(type(rejected))
