"""The questions to views, and their answers, as they travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from slither_worker.decode import Decoder
from slither_worker.errors import CallFailure
from slither_worker.plain import encode_plain
from slither_worker.protocol import MAX_BODY_BYTES, MAX_DEPTH, Kind
from slither_worker.rebuild import rebuild
from slither_worker.refs import Refs
from slither_worker.value_path import Path
from slither_worker.view_errors import ViewError, ViewRefusedError, ViewTimeoutError

_ERRORS: Final[dict[str, type[ViewError]]] = {
    "view_refused": ViewRefusedError,
    "view_timeout": ViewTimeoutError,
}
_encode: Final = msgspec.msgpack.Encoder().encode
split_answer: Final = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw]).decode
"""Takes the body of an answer apart: the number of its question, and what is for who has asked."""


class Question(NamedTuple):
    """What a CALLBACK says."""

    number: int
    name: str
    params: dict[str, Any]
    keys: list[Any] | None
    step: int


class ViewCodec:
    """Writes questions and reads answers for one session."""

    def __init__(self, refs: Refs) -> None:
        """Objects in `refs` that have no value on the wire travel as their ref."""
        self._refs = refs
        self._decode: Callable[[Any], Any] = Decoder(refs).decode_value

    def encode(self, question: Question) -> bytes:
        """Encode the body of a CALLBACK; raises `TypeError` when a part of it cannot be carried exactly."""
        body = encode_plain([*question], MAX_DEPTH + 2) or self._encode_rebuilt(question)
        if len(body) > MAX_BODY_BYTES:
            reason = f"the question takes more than {MAX_BODY_BYTES} bytes; ask in parts"
            raise TypeError(f"view {question.name!r}: {reason}")
        return body

    def answer(self, name: str, kind: int, value: msgspec.Raw) -> Any:
        """Decode an answer; raises what it says, and `ViewError` where it cannot be made in Python."""
        try:
            decoded = self._decode(value)
        except CallFailure as failure:
            message = f"view {name!r}: the answer cannot be made in Python: {failure.error['message']}"
            raise ViewError(message, name) from None
        if kind == Kind.CALLBACK_RESULT:
            return decoded
        kind_of_error = _ERRORS.get(decoded["code"], ViewError)
        raise kind_of_error(decoded["message"], decoded["view"], decoded.get("type"))

    def _encode_rebuilt(self, question: Question) -> bytes:
        try:
            return self._encode_checked(question, check_scalars=False)
        except (OverflowError, UnicodeEncodeError):
            return self._encode_checked(question, check_scalars=True)

    def _encode_checked(self, question: Question, *, check_scalars: bool) -> bytes:
        def ready(value: object, path: Path = None) -> Any:
            # The dict of the arguments, or the list of the keys, is the message's.
            return rebuild(
                value,
                self._refs,
                check_scalars=check_scalars,
                path=path,
                shares=False,
                levels=MAX_DEPTH + 1,
            )

        number, name, params, keys, step = question
        try:
            named = ready(params)
            if type(named) is not dict:
                raise TypeError(f"view {name!r}: expected names of arguments that can be written as UTF-8")
            return _encode([number, ready(name), named, ready(keys, (None, "keys")), step])
        except CallFailure as failure:
            raise _not_carried(name, failure.error) from None


def _not_carried(name: str, error: dict[str, object]) -> TypeError:
    where = str(error["path"]).removeprefix(".") or "the named arguments"
    return TypeError(
        f"view {name!r}: expected {where} to be a value that can be sent to JavaScript,"
        f" got {error['type']} ({error['hint']})"
    )
