"""What a session's worker does with each message: from a kind and a body to the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from slither_worker.class_names import type_name
from slither_worker.decode import Decoder
from slither_worker.each import map_each
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.functions import find_attribute, find_function, require_callable
from slither_worker.protocol import Kind, Returns
from slither_worker.refs import Refs
from slither_worker.user_code import timed

Answer = tuple[Kind, bytes]
Work = Callable[[], Answer | None]
"""Does what a message asks for; gives no answer to messages that have none."""

_Args = list[Any]
_Kwargs = dict[str, Any]
_SHAPES: Final[dict[Kind, Any]] = {
    Kind.CALL: tuple[str, str, _Args, _Kwargs, Returns],
    Kind.BATCH: tuple[str, str, _Args],
    Kind.EACH: tuple[str, str, _Args],
    Kind.REF_CALL: tuple[int, str, _Args, _Kwargs, Returns],
    Kind.REF_GET: tuple[int, str, Returns],
    Kind.RELEASE: list[int],
}


class Runtime:
    """The state of one session between messages: the objects that Node holds refs on."""

    def __init__(self) -> None:
        """Start a session that holds no objects."""
        self._refs = Refs()
        self._encoder = Encoder(self._refs)
        decoder = Decoder(self._refs)
        self._decoders: dict[int, Callable[[bytes], Any]] = {
            kind: decoder.body_decoder(shape) for kind, shape in _SHAPES.items()
        }
        self._handlers: dict[int, Callable[..., Answer | None]] = {
            Kind.CALL: self._call,
            Kind.BATCH: self._batch,
            Kind.EACH: self._each,
            Kind.REF_CALL: self._ref_call,
            Kind.REF_GET: self._ref_get,
            Kind.RELEASE: self._release,
        }

    def read(self, kind: int, body: bytes) -> Work:
        """Decode one message, and return the work that it asks for.

        These are two steps, so that the bytes of a large message can be let go before its work begins.
        Neither raises: what goes wrong is the answer.
        """
        try:
            if kind not in self._handlers:
                raise CallFailure("protocol", f"a message of kind 0x{kind:02x} is not expected here")
            fields = self._decoders[kind](body)
        except CallFailure as failure:
            answer = self.failed(failure)
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
        return Kind.ERROR, self._encoder.encode_message(failure.error)

    def _call(self, module: str, path: str, args: _Args, kwargs: _Kwargs, returns: Returns) -> Answer:
        function = find_function(module, path)
        return self._reply(returns, *timed(lambda: function(*args, **kwargs)))

    def _batch(self, module: str, path: str, payloads: list[Any]) -> Answer:
        function = find_function(module, path)
        expected = len(payloads)  # Taken first: the function may change the list.
        results, nanoseconds = timed(lambda: function(payloads))
        rows = _exact_list(results)
        if rows is None or len(rows) != expected:
            raise _batch_failure(f"{module}.{path}", expected, rows, type_name(type(results)))
        return Kind.RESULT, self._encoder.encode_batch_result(rows, nanoseconds)

    def _each(self, module: str, path: str, payloads: list[Any]) -> Answer:
        function = find_function(module, path)
        return Kind.RESULT, self._encoder.encode_each_result(map_each(function, payloads))

    def _ref_call(self, ref: int, path: str, args: _Args, kwargs: _Kwargs, returns: Returns) -> Answer:
        owner = self._refs.get(ref)
        name = type_name(type(owner))
        value = timed(lambda: find_attribute(owner, path, name))[0] if path else owner
        function = require_callable(value, f"{name}.{path}" if path else name)
        return self._reply(returns, *timed(lambda: function(*args, **kwargs)))

    def _ref_get(self, ref: int, path: str, returns: Returns) -> Answer:
        owner = self._refs.get(ref)
        return self._reply(returns, *timed(lambda: find_attribute(owner, path, type_name(type(owner)))))

    def _release(self, *numbers: int) -> None:
        self._refs.release(numbers)

    def _reply(self, returns: Returns, value: object, nanoseconds: int) -> Answer:
        if returns == "value":
            return Kind.RESULT, self._encoder.encode_result(value, nanoseconds)
        reply = [self._refs.hold(value), type_name(type(value)), nanoseconds]
        return Kind.REF, self._encoder.encode_message(reply)


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
