"""MessagePack to Python values."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from slither_worker.errors import CallFailure
from slither_worker.ndarray import decode_array, decode_shared_array
from slither_worker.protocol import Extension
from slither_worker.refs import Refs

_FLOAT: Final = struct.Struct("<d")
_REF: Final = struct.Struct("<I")
_Body = TypeVar("_Body")


class Decoder:
    """Decodes the bodies of messages for one session."""

    def __init__(self, refs: Refs) -> None:
        """Refs in arguments become the objects in `refs`."""
        self._refs = refs
        self.decode_value = msgspec.msgpack.Decoder(ext_hook=self._extension).decode
        """Decodes one value; raises `CallFailure` with `ref` or `value`, and what else went wrong."""

    def body_decoder(self, shape: type[_Body]) -> Callable[[bytes], _Body]:
        """Make a function that decodes bodies of one shape.

        It fails with `protocol` when a body has another shape or is damaged, with `ref` for a ref that is not
        held, with `value` when an argument cannot be made in Python, with `exception` when memory runs out.
        """
        decode = msgspec.msgpack.Decoder(shape, ext_hook=self._extension).decode

        def checked(body: bytes) -> _Body:
            try:
                return decode(body)
            except CallFailure:
                raise
            except MemoryError as error:
                raise CallFailure.of_user_code(error) from None
            except Exception as error:
                message = f"a message cannot be decoded: {type(error).__name__}: {error}"
                raise CallFailure("protocol", message) from None

        return checked

    def _extension(self, code: int, payload: memoryview) -> Any:
        # Nested types come straight back here: 200 levels must fit well into Python's limit of 1000 calls.
        if code == Extension.TUPLE:
            return tuple(_array(self.decode_value(payload)))
        if code == Extension.DICT:
            return _dict(_array(self.decode_value(payload)))
        if code == Extension.REF:
            return self._refs.get(_REF.unpack(payload)[0])
        make = _LEAVES.get(code)
        if make is None:
            raise CallFailure("protocol", f"the extension type 0x{code & 0xFF:02x} is not in the protocol")
        return make(payload)


def _array(items: Any) -> list[Any]:
    if type(items) is not list:
        raise CallFailure("protocol", "a TUPLE or DICT does not hold an array")
    return items


def _dict(items: list[Any]) -> dict[Any, Any]:
    keys = items[::2]
    made = dict(zip(keys, items[1::2], strict=True))
    if len(made) != len(keys):
        # JavaScript tells 1 and true, or 1 and 1n, apart; losing one of two entries would go unnoticed.
        raise CallFailure(
            "value",
            f"an argument is a map in which some of the {len(keys)} keys are equal in Python",
            direction="argument",
            path="",
            type="dict",
            hint="1, 1n and true are the same key in Python",
        )
    return made


_LEAVES: Final[dict[int, Callable[[memoryview], Any]]] = {
    Extension.INTEGER: lambda payload: int.from_bytes(payload, "little", signed=True),
    Extension.NDARRAY: decode_array,
    Extension.SHARED: decode_shared_array,
    Extension.FLOAT: lambda payload: _FLOAT.unpack(payload)[0],
    Extension.TEXT: lambda payload: str(payload, "utf-16-le", "surrogatepass"),
}
