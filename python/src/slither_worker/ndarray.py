"""numpy arrays on the wire. numpy is the user's choice: nothing here imports it unless an array arrives."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.msgpack import Ext

from slither_worker import answer_blocks, shared_memory
from slither_worker.errors import CallFailure
from slither_worker.functions import load_module
from slither_worker.protocol import Extension

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIRE_DTYPES: Final = {
    "bool": "|b1",
    "int8": "|i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "uint8": "|u1",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
    "float32": "<f4",
    "float64": "<f8",
}
_DTYPE_HINTS: Final = {
    "f": "convert it with value.astype('float32') or value.astype('float64')",
    "c": "send value.real and value.imag",
    "M": "convert it with value.astype(str).tolist()",
    "m": "convert it with value.astype('int64')",
    "V": "send one array per field",
}
_LIST_HINT: Final = "convert it with value.tolist()"
_SCALARS: Final = (int, float, bool, str, bytes)


def is_array(value: object) -> bool:
    """Tell whether a value is exactly a numpy array: subclasses such as masked arrays carry more."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is getattr(numpy, "ndarray", None)


def scalar_item(value: Any) -> Any:
    """Return the Python scalar that equals a numpy scalar; `None` for everything else.

    Dates and durations equal none: where Python has no such unit, `.item()` gives a bare number of them.
    """
    generic = getattr(sys.modules.get("numpy"), "generic", None)
    if generic is None or not issubclass(type(value), generic) or value.dtype.kind in "mM":
        return None
    item = value.item()
    return item if type(item) in _SCALARS else None


def dtype_problem(array: NDArray[Any]) -> tuple[str, str] | None:
    """Return the type name and a hint for an array whose elements cannot be carried, else `None`."""
    if array.dtype.name in _WIRE_DTYPES:
        return None
    return f"numpy.ndarray[{array.dtype}]", _DTYPE_HINTS.get(array.dtype.kind, _LIST_HINT)


def encode_array(array: NDArray[Any]) -> bytes:
    """Encode an array of any shape, byte order and memory layout."""
    return b"".join((_header(array), _elements(array).data))


def array_extension(array: NDArray[Any]) -> Ext:
    """Encode an array as what it travels as: a large one is put into shared memory, where there is any."""
    if answer_blocks.takes(array.nbytes):
        place = answer_blocks.put(_elements(array).reshape(-1).view("u1").data)
        if place is not None:
            return Ext(Extension.SHARED, _header(array, *place))
    return Ext(Extension.NDARRAY, encode_array(array))


def decode_array(payload: memoryview) -> NDArray[Any]:
    """Decode an array into memory of its own, so that user code may write to it."""
    header, elements = _split(payload)
    # Copies, also when the types are the same.
    return _array_on(header, elements).astype(header.dtype)


def decode_shared_array(payload: memoryview) -> NDArray[Any]:
    """Decode an array that is, or was, in shared memory of Node.

    One that stays there can only be read; so can one that would, if there were shared memory.
    """
    header, elements = _split(payload)
    if header.pid == 0:
        return _array_on(header, bytes(elements))
    if header.key:
        bytes_of_all = _size(header, _wire_dtype(header))
        return _array_on(
            header, shared_memory.mapping(header.key, header.pid, header.descriptor, bytes_of_all)
        )
    made: NDArray[Any] = _numpy().empty(header.shape, _wire_dtype(header))
    shared_memory.read_into(made.reshape(-1).view("u1").data, header.pid, header.descriptor, header.offset)
    return made.astype(header.dtype, copy=False)


class _Header(msgspec.Struct, array_like=True):
    dtype: str
    shape: list[int]
    # Where it is: in a file that a process has open. The number of one that stays there.
    pid: int = 0
    descriptor: int = 0
    offset: int = 0
    key: int = 0


_header_decoder: Final = msgspec.json.Decoder(_Header)


def _header(array: NDArray[Any], *place: int) -> bytes:
    header = msgspec.json.encode((array.dtype.name, array.shape, *place))
    return len(header).to_bytes(2, "little") + header


def _elements(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(_WIRE_DTYPES[array.dtype.name], order="C", copy=False)


def _split(payload: memoryview) -> tuple[_Header, memoryview]:
    start = 2 + int.from_bytes(payload[:2], "little")
    header = _header_decoder.decode(payload[2:start])
    if header.dtype not in _WIRE_DTYPES or any(length < 0 for length in header.shape):
        message = f"an array of dtype {header.dtype!r} and shape {header.shape} is not in the protocol"
        raise CallFailure("protocol", message)
    return header, payload[start:]


def _wire_dtype(header: _Header) -> Any:
    return _numpy().dtype(_WIRE_DTYPES[header.dtype])


def _size(header: _Header, wire: Any) -> int:
    return math.prod(header.shape) * int(wire.itemsize)


def _numpy() -> Any:
    """Return numpy, where an array needs it; fails with `module_not_found` where there is none."""
    return load_module("numpy")


def _array_on(header: _Header, elements: Any) -> NDArray[Any]:
    wire = _wire_dtype(header)
    if len(elements) != _size(header, wire):
        came = f"came with {len(elements)} bytes of elements"
        raise CallFailure("protocol", f"an array of dtype {header.dtype} and shape {header.shape} {came}")
    on: NDArray[Any] = _numpy().ndarray(header.shape, wire, buffer=elements)
    return on
