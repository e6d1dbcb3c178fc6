"""The bodies of messages, from Python to MessagePack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from slither_worker.class_names import type_name
from slither_worker.each import FailedRow, Mapped
from slither_worker.errors import CallFailure
from slither_worker.plain import is_plain
from slither_worker.protocol import FORBIDDEN_KEY, MAX_BODY_BYTES
from slither_worker.rebuild import rebuild
from slither_worker.refs import Refs
from slither_worker.rejected import RejectedRow, set_aside

_FORBIDDEN_KEY_BYTES: Final = msgspec.msgpack.encode(FORBIDDEN_KEY)
_encode: Final = msgspec.msgpack.Encoder().encode


class Encoder:
    """Encodes the bodies of messages for one session."""

    def __init__(self, refs: Refs) -> None:
        """Objects in `refs` that have no value on the wire travel as their ref."""
        self._refs = refs

    def encode_result(self, value: object, nanoseconds: int) -> bytes:
        """Encode the body of a RESULT; fails with `value` when the value cannot be carried exactly."""
        return _of_fitting_size(value, lambda: self._encode_body(value, [nanoseconds]))

    def encode_batch_result(self, rows: list[Any], nanoseconds: int) -> bytes:
        """Encode the body of the RESULT of a batch, in which rows may be `Rejected`."""
        # Rows that are plain need not be searched: most batches pay nothing for what they do not use.
        return _of_fitting_size(
            rows, lambda: _encode_plain(rows, [nanoseconds]) or self._encode_set_aside(rows, nanoseconds)
        )

    def encode_each_result(self, mapped: Mapped) -> bytes:
        """Encode the body of the RESULT of a batch whose function was called once for each payload.

        A row that cannot be carried is one more that has failed by itself.
        """
        rows, returned = set_aside(mapped.rows)
        rejected = sorted([*mapped.rejected, *returned])
        rest = _rest(mapped.nanoseconds, rejected, mapped.failed)
        try:
            return _of_fitting_size(rows, lambda: self._encode_body(rows, rest))
        except CallFailure:  # Which row it was is looked for now: most batches pay nothing for that.
            encoded, refused = self._encode_rows(rows)
        rest = _rest(mapped.nanoseconds, rejected, sorted([*mapped.failed, *refused]))
        return _of_fitting_size(rows, lambda: _encode([encoded, *map(self._encode_alone, rest)]))

    def encode_message(self, message: object) -> bytes:
        """Encode a body that the worker itself has made of plain values."""
        try:
            return _encode(message)
        except UnicodeEncodeError:  # User code may put lone surrogates into messages and names.
            return _encode(rebuild(message, self._refs, check_scalars=True))

    def _encode_rows(self, rows: list[Any]) -> tuple[list[msgspec.Raw], list[FailedRow]]:
        encoded: list[msgspec.Raw] = []
        refused: list[FailedRow] = []
        for index, row in enumerate(rows):
            try:
                encoded.append(self._encode_alone(row))
            except CallFailure as failure:
                refused.append([index, failure.error])
                encoded.append(self._encode_alone(None))
        return encoded, refused

    def _encode_alone(self, value: object) -> msgspec.Raw:
        body = _of_fitting_size(value, lambda: self._encode_body(value, []))
        return msgspec.Raw(memoryview(body)[1:])  # Without the byte that says: an array of one.

    def _encode_set_aside(self, rows: list[Any], nanoseconds: int) -> bytes:
        kept, rejected = set_aside(rows)
        if rejected:
            return self._encode_body(kept, [nanoseconds, rejected])
        return self._encode_rebuilt(rows, [nanoseconds])

    def _encode_body(self, value: object, rest: list[Any]) -> bytes:
        return _encode_plain(value, rest) or self._encode_rebuilt(value, rest)

    def _encode_rebuilt(self, value: object, rest: list[Any]) -> bytes:
        try:
            return _encode([rebuild(value, self._refs, check_scalars=False), *rest])
        except (OverflowError, UnicodeEncodeError):
            rebuilt_rest = rebuild(rest, self._refs, check_scalars=True)
            return _encode([rebuild(value, self._refs, check_scalars=True), *rebuilt_rest])


def _rest(nanoseconds: int, rejected: list[RejectedRow], failed: list[FailedRow]) -> list[Any]:
    if failed:
        return [nanoseconds, rejected, failed]
    return [nanoseconds, rejected] if rejected else [nanoseconds]


def _encode_plain(value: object, rest: list[Any]) -> bytes | None:
    if not is_plain(value):
        return None
    try:
        body = _encode([value, *rest])
    except (OverflowError, UnicodeEncodeError):
        return None
    # These bytes may also stand inside a text; the rebuild, which sees the keys, finds out.
    return None if _FORBIDDEN_KEY_BYTES in body else body


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
