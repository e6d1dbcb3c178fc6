"""What a session's worker does with each message: from a kind and a body to the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from slither_worker import answer_blocks, shared_memory
from slither_worker.batch import Batch, Entry, Step, Tap
from slither_worker.class_names import type_name
from slither_worker.columns import ColumnBatch
from slither_worker.decode import Decoder
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.functions import find_attribute, find_function, require_callable
from slither_worker.protocol import Kind, Returns
from slither_worker.refs import Refs
from slither_worker.table import Table, rows_of
from slither_worker.tracing import traced
from slither_worker.user_code import timed

Answer = tuple[Kind, bytes]
Work = Callable[[], Answer | None]
"""Does what a message asks for; gives no answer to messages that have none."""

_Args = list[Any]
_Kwargs = dict[str, Any]
_SHAPES: Final[dict[Kind, Any]] = {
    Kind.CALL: tuple[str, str, _Args, _Kwargs, Returns],
    Kind.BATCH: tuple[list[Step], Table, list[Tap], str | None, list[Entry] | None],
    Kind.REF_CALL: tuple[int, str, _Args, _Kwargs, Returns],
    Kind.REF_GET: tuple[int, str, Returns],
    Kind.RELEASE: list[int],
    Kind.DROP: tuple[list[int], list[int]],
}


class Runtime:
    """The state of one session between messages: the objects that Node holds refs on."""

    def __init__(self) -> None:
        """Start a session that holds no objects."""
        self.refs = Refs()
        """The objects that Node holds refs on."""
        self._encoder = Encoder(self.refs)
        self._times: list[float] = []
        decoder = Decoder(self.refs)
        self._decoders: dict[int, Callable[[bytes], Any]] = {
            kind: decoder.body_decoder(shape) for kind, shape in _SHAPES.items()
        }
        self._handlers: dict[int, Callable[..., Answer | None]] = {
            Kind.CALL: self._call,
            Kind.BATCH: self._batch,
            Kind.REF_CALL: self._ref_call,
            Kind.REF_GET: self._ref_get,
            Kind.RELEASE: self._release,
            Kind.DROP: self._drop,
        }

    def read(self, kind: int, body: bytes, times: tuple[float, float] = (0.0, 0.0)) -> Work:
        """Decode one message, and return the work that it asks for.

        `times`: since when the worker waited for it, and when it was there, in seconds.

        These are two steps, so that the bytes of a large message can be let go before its work begins.
        Neither raises: what goes wrong is the answer.
        """
        try:
            if kind not in self._handlers:
                raise CallFailure("protocol", f"a message of kind 0x{kind:02x} is not expected here")
            fields = self._decoders[kind](body)
            if kind == Kind.BATCH:
                fields = self._unpacked(*fields)
                self._times = [*times, time.monotonic()]
        except CallFailure as failure:
            answer = self.failed(failure)
            return lambda: answer
        except MemoryError as error:  # For the rows of a table.
            answer = self.failed(CallFailure.of_user_code(error))
            return lambda: answer
        return lambda: self._answer(kind, fields)

    def _answer(self, kind: int, fields: Iterable[Any]) -> Answer | None:
        try:
            return self._handlers[kind](*fields)
        except CallFailure as failure:
            return self.failed(failure)
        except Exception as error:  # Such as MemoryError: the call fails, the session goes on.
            return self.failed(CallFailure.of_user_code(error))

    def failed(self, failure: CallFailure) -> Answer:
        """Make the answer to a message that could not be obeyed."""
        answer_blocks.take_back()
        return Kind.ERROR, self._encoder.encode_message(failure.error)

    def _call(self, module: str, path: str, args: _Args, kwargs: _Kwargs, returns: Returns) -> Answer:
        function = find_function(module, path)
        return self._reply(returns, *timed(lambda: function(*args, **kwargs)))

    def _unpacked(
        self,
        steps: list[Step],
        table: Table,
        taps: list[Tap],
        parent: str | None,
        entries: list[Entry] | None,
    ) -> _Args:
        if not steps:
            raise CallFailure("protocol", "a batch has no steps")
        by_columns = {step.form == "columns" for step in steps}
        if len(by_columns) == 2:
            raise CallFailure("protocol", "some steps of a batch take columns, and some do not")
        later = entries or []
        if later:
            _check_entries(later, len(steps), table.rows)
        if True in by_columns:
            if later:
                raise CallFailure("protocol", "payloads of a batch in columns come in at a later step")
            return [steps, ColumnBatch(table.rows, table.shape or [], table.values), taps, parent]
        batch = Batch(rows_of(*table), fails_by_row=steps[-1].form == "each", entries=later)
        return [steps, batch, taps, parent]

    def _batch(self, steps: list[Step], batch: Batch, taps: list[Tap], parent: str | None) -> Answer:
        tapped: list[list[Any]] = []

        def take_taps(step: int) -> None:
            for tap in taps:
                if tap.step == step:
                    rows = self._encoder.encode_chosen(batch, tap.indices)
                    tapped.append([step, msgspec.Raw(rows)])

        traced(parent, lambda: batch.carry_out(steps, take_taps))
        last = len(steps) - 1
        return Kind.ROWS, self._encoder.encode_batch(batch, last, self._times, tapped)

    def _ref_call(self, ref: int, path: str, args: _Args, kwargs: _Kwargs, returns: Returns) -> Answer:
        owner = self.refs.get(ref)
        name = type_name(type(owner))
        value = timed(lambda: find_attribute(owner, path, name))[0] if path else owner
        function = require_callable(value, f"{name}.{path}" if path else name)
        return self._reply(returns, *timed(lambda: function(*args, **kwargs)))

    def _ref_get(self, ref: int, path: str, returns: Returns) -> Answer:
        owner = self.refs.get(ref)
        return self._reply(returns, *timed(lambda: find_attribute(owner, path, type_name(type(owner)))))

    def _release(self, *numbers: int) -> None:
        self.refs.release(numbers)

    def _drop(self, descriptors: list[int], keys: list[int]) -> None:
        answer_blocks.drop(descriptors)
        shared_memory.forget(keys)

    def _reply(self, returns: Returns, value: object, nanoseconds: int) -> Answer:
        if returns == "value":
            return Kind.RESULT, self._encoder.encode_result(value, nanoseconds)
        reply = [self.refs.hold(value), type_name(type(value)), nanoseconds]
        return Kind.REF, self._encoder.encode_message(reply)


def _check_entries(entries: list[Entry], steps: int, rows: int) -> None:
    indices = [index for entry in entries for index in entry.indices]
    if len(set(indices)) < len(indices) or any(not 0 <= index < rows for index in indices):
        raise CallFailure("protocol", f"a payload of {rows} comes in twice, or is none of them")
    if any(not 0 < entry.step < steps for entry in entries):
        raise CallFailure("protocol", f"payloads come in at a step that is none of the later ones of {steps}")
