"""What a session's worker does with each message: from a kind and a body to the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from slither_worker.decode import Decoder
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure, type_name
from slither_worker.functions import find_attribute, find_function, require_callable
from slither_worker.protocol import Kind, Returns
from slither_worker.refs import Refs

Answer = tuple[Kind, bytes]

_Args = list[Any]
_Kwargs = dict[str, Any]
_SHAPES: Final[dict[Kind, Any]] = {
    Kind.CALL: tuple[str, str, _Args, _Kwargs, Returns],
    Kind.BATCH: tuple[str, str, _Args],
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
        self._decoders = {kind: decoder.body_decoder(shape) for kind, shape in _SHAPES.items()}
        self._handlers: dict[int, Callable[..., Answer | None]] = {
            Kind.CALL: self._call,
            Kind.BATCH: self._batch,
            Kind.REF_CALL: self._ref_call,
            Kind.REF_GET: self._ref_get,
            Kind.RELEASE: self._release,
        }

    def answer(self, kind: int, body: bytes) -> Answer | None:
        """Handle one message; never raises, and returns `None` for messages that have no answer."""
        try:
            handler = self._handlers.get(kind)
            if handler is None:
                raise CallFailure("protocol", f"a message of kind 0x{kind:02x} is not expected here")
            return handler(*self._decoders[Kind(kind)](body))
        except CallFailure as failure:
            return Kind.ERROR, self._encoder.encode_message(failure.error)
        except Exception as error:  # Such as MemoryError: the call fails, the session goes on.
            return Kind.ERROR, self._encoder.encode_message(CallFailure.of_user_code(error).error)

    def _call(self, module: str, path: str, args: _Args, kwargs: _Kwargs, returns: Returns) -> Answer:
        function = find_function(module, path)
        return self._reply(returns, *_timed(lambda: function(*args, **kwargs)))

    def _batch(self, module: str, path: str, payloads: list[Any]) -> Answer:
        function = find_function(module, path)
        expected = len(payloads)  # Taken first: the function may change the list.
        results, nanoseconds = _timed(lambda: function(payloads))
        if not isinstance(results, list) or len(results) != expected:
            raise _batch_failure(f"{module}.{path}", expected, results)
        return self._reply("value", list(results) if type(results) is not list else results, nanoseconds)

    def _ref_call(self, ref: int, path: str, args: _Args, kwargs: _Kwargs, returns: Returns) -> Answer:
        owner = self._refs.get(ref)
        name = type_name(type(owner))
        value = find_attribute(owner, path, name) if path else owner
        function = require_callable(value, f"{name}.{path}" if path else name)
        return self._reply(returns, *_timed(lambda: function(*args, **kwargs)))

    def _ref_get(self, ref: int, path: str, returns: Returns) -> Answer:
        owner = self._refs.get(ref)
        started = time.monotonic_ns()
        value = find_attribute(owner, path, type_name(type(owner)))
        return self._reply(returns, value, time.monotonic_ns() - started)

    def _release(self, *numbers: int) -> None:
        self._refs.release(numbers)

    def _reply(self, returns: Returns, value: object, nanoseconds: int) -> Answer:
        if returns == "value":
            return Kind.RESULT, self._encoder.encode_result(value, nanoseconds)
        reply = [self._refs.hold(value), type_name(type(value)), nanoseconds]
        return Kind.REF, self._encoder.encode_message(reply)


def _timed(function: Callable[[], Any]) -> tuple[Any, int]:
    started = time.monotonic_ns()
    try:
        value = function()
    except BaseException as error:  # Also SystemExit and KeyboardInterrupt: only Node ends a session.
        raise CallFailure.of_user_code(error) from None
    return value, time.monotonic_ns() - started


def _batch_failure(function: str, expected: int, results: object) -> CallFailure:
    kind = type_name(type(results))
    got = len(results) if isinstance(results, list) else None
    came = f"a {kind}" if got is None else f"{got}"
    message = (
        f"{function} must give back a list of {expected} results, one for each payload, in order; got {came}"
    )
    return CallFailure("batch_result", message, expected=expected, got=got, type=kind)
