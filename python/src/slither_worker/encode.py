"""The bodies of messages, from Python to MessagePack."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from slither_worker import answer_blocks
from slither_worker.batch import Batch
from slither_worker.class_names import type_name
from slither_worker.column_results import Column
from slither_worker.columns import ColumnBatch, ColumnTable
from slither_worker.errors import CallFailure
from slither_worker.ndarray import array_extension, dtype_problem, is_array
from slither_worker.plain import SCALARS, encode_exactly, encode_plain, is_plain
from slither_worker.protocol import MAX_BODY_BYTES, MAX_DEPTH
from slither_worker.rebuild import rebuild
from slither_worker.refs import Refs
from slither_worker.table import Table, columns_of

_encode: Final = msgspec.msgpack.Encoder().encode


class Encoder:
    """Encodes the bodies of messages for one session."""

    def __init__(self, refs: Refs) -> None:
        """Objects in `refs` that have no value on the wire travel as their ref."""
        self._refs = refs

    def encode_result(self, value: object, nanoseconds: int) -> bytes:
        """Encode the body of a RESULT; fails with `value` when the value cannot be carried exactly."""
        return _of_fitting_size(value, lambda: self._encode_body(value, [nanoseconds]))

    def encode_table(self, rows: list[Any]) -> bytes:
        """Encode the rows of a batch as a table; fails with `value` when one cannot be carried exactly."""
        table = columns_of(rows)
        body = None if table is None else encode_exactly(table)
        if body is not None and len(body) <= MAX_BODY_BYTES:
            return body
        return _of_fitting_size(rows, lambda: self._encode_as_rows(rows))

    def encode_chosen(self, batch: Batch, indices: list[int]) -> bytes:
        """Encode some of the rows of a batch, by where they stood as it came, as a table."""
        if isinstance(batch, ColumnBatch):
            return self._encode_columns(batch.table(indices))
        try:
            return self.encode_table(batch.chosen(indices))
        except CallFailure:
            self.encode_table(batch.given(indices))  # Fails, too: with the place in what the function gave.
            raise

    def encode_batch(self, batch: Batch, step: int, times: list[float], taps: list[list[Any]]) -> bytes:
        """Encode the body of a ROWS; `times` are the stamps before the first step, `step` is the last one.

        Of a function that takes one row, a row that cannot be carried is one more that has failed by itself;
        of another it fails the batch, in that step.
        """
        try:
            table = msgspec.Raw(self._encode_batch_table(batch, step))
            left = msgspec.Raw(self.encode_message(batch.left))
            stamps = [*times, *batch.stamps, time.monotonic()]
            return _of_fitting_size(batch.rows, lambda: _encode([table, stamps, left, taps]))
        except CallFailure as failure:
            failure.error["step"] = step
            raise

    def encode_message(self, message: object) -> bytes:
        """Encode a body that the worker itself has made of plain values."""
        try:
            return _encode(message)
        except UnicodeEncodeError:  # User code may put lone surrogates into messages and names.
            return _encode(rebuild(message, self._refs, check_scalars=True))

    def _encode_batch_table(self, batch: Batch, step: int) -> bytes:
        if isinstance(batch, ColumnBatch):
            return self._encode_columns(batch.table())
        try:
            return self.encode_table(batch.rows)
        except CallFailure:
            if not batch.fails_by_row:
                self.encode_table(batch.given())  # As in `encode_chosen`.
                raise
        # Which row it was is looked for now: most batches pay nothing for that.
        encoded: list[msgspec.Raw] = []
        refused: list[tuple[int, object]] = []
        for place, row in enumerate(batch.rows):
            try:
                encoded.append(self._encode_alone(row))
            except CallFailure as failure:
                refused.append((place, failure.error))
        batch.drop(step, refused)
        return _of_fitting_size(batch.rows, lambda: _encode(Table(len(encoded), None, encoded)))

    def _encode_columns(self, table: ColumnTable) -> bytes:
        mark = answer_blocks.mark()

        def encode() -> bytes:
            try:
                return self._encode_column_table(table, check_scalars=False)
            except (OverflowError, UnicodeEncodeError):
                answer_blocks.back_to(mark)
                return self._encode_column_table(table, check_scalars=True)

        try:
            return _of_fitting_size(table.columns, encode)
        except CallFailure:
            answer_blocks.back_to(mark)
            raise

    def _encode_column_table(self, table: ColumnTable, *, check_scalars: bool) -> bytes:
        def ready(key: str, column: Column) -> Any:
            if is_array(column) and dtype_problem(column) is None:
                return array_extension(column)
            values = column.tolist() if is_array(column) else column
            if not check_scalars and set(map(type, values)) <= SCALARS:
                return values
            return [
                rebuild(
                    value,
                    self._refs,
                    check_scalars=check_scalars,
                    path=((None, key), place),
                    levels=MAX_DEPTH - 1,  # In Node it is a field of a row.
                )
                for place, value in zip(table.places, values, strict=True)
            ]

        keys = rebuild(list(table.columns), self._refs, check_scalars=check_scalars)
        return _encode([table.rows, keys, [ready(*column) for column in table.columns.items()]])

    def _encode_alone(self, value: object) -> msgspec.Raw:
        body = _of_fitting_size(value, lambda: self._encode_body(value, []))
        return msgspec.Raw(memoryview(body)[1:])  # Without the byte that says: an array of one.

    def _encode_as_rows(self, rows: list[Any]) -> bytes:
        # The list of them is the message's, and no level of the values in it.
        if is_plain(rows, MAX_DEPTH + 1):
            body = encode_exactly(Table(len(rows), None, rows))
            if body is not None:
                return body
        encoded = memoryview(self._encode_rebuilt(rows, [], MAX_DEPTH + 1))[1:]
        return _encode(Table(len(rows), None, msgspec.Raw(encoded)))

    def _encode_body(self, value: object, rest: list[Any]) -> bytes:
        return encode_plain([value, *rest], MAX_DEPTH + 1) or self._encode_rebuilt(value, rest)

    def _encode_rebuilt(self, value: object, rest: list[Any], levels: int = MAX_DEPTH) -> bytes:
        mark = answer_blocks.mark()
        try:
            return _encode([rebuild(value, self._refs, check_scalars=False, levels=levels), *rest])
        except CallFailure:
            answer_blocks.back_to(mark)
            raise
        except (OverflowError, UnicodeEncodeError):
            answer_blocks.back_to(mark)
            rebuilt_rest = rebuild(rest, self._refs, check_scalars=True)
            return _encode([rebuild(value, self._refs, check_scalars=True, levels=levels), *rebuilt_rest])


def _of_fitting_size(value: object, encode: Callable[[], bytes]) -> bytes:
    try:
        body = encode()
    except ValueError:  # One text, bytes or array is longer than MessagePack can say.
        raise _too_large(value) from None
    if len(body) > MAX_BODY_BYTES:
        raise _too_large(value)
    return body


def _too_large(value: object) -> CallFailure:
    kind = type_name(type(value))
    message = f"the result, of type {kind}, cannot be carried: it takes more than {MAX_BODY_BYTES} bytes"
    hint = "give it back in parts, or use session.create(...) to keep it in Python and get a ref"
    return CallFailure("value", message, direction="result", path="", type=kind, hint=hint)
