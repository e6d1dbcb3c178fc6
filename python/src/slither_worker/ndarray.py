"""numpy arrays on the wire. numpy is the user's choice: nothing here imports it unless an array arrives."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from slither_worker.errors import CallFailure

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
_header_decoder: Final = msgspec.json.Decoder(tuple[str, list[int]])


def is_array(value: object) -> bool:
    """Tell whether a value is exactly a numpy array: subclasses such as masked arrays carry more."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is getattr(numpy, "ndarray", None)


def scalar_item(value: Any) -> Any:
    """Return the Python scalar that equals a numpy scalar; `None` for everything else."""
    generic = getattr(sys.modules.get("numpy"), "generic", None)
    if generic is None or not issubclass(type(value), generic):
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
    name = array.dtype.name
    header = msgspec.json.encode((name, array.shape))
    elements = array.astype(_WIRE_DTYPES[name], order="C", copy=False)
    return b"".join((len(header).to_bytes(2, "little"), header, elements.data))


def decode_array(payload: memoryview) -> NDArray[Any]:
    """Decode an array into memory of its own, so that user code may write to it."""
    start = 2 + int.from_bytes(payload[:2], "little")
    name, shape = _header_decoder.decode(payload[2:start])
    if name not in _WIRE_DTYPES or any(length < 0 for length in shape):
        raise CallFailure("protocol", f"an array of dtype {name!r} and shape {shape} is not in the protocol")
    numpy = _import_numpy(name)
    wire = numpy.dtype(_WIRE_DTYPES[name])
    if len(payload) - start != math.prod(shape) * wire.itemsize:
        message = (
            f"an array of dtype {name} and shape {shape} came with {len(payload) - start} bytes of elements"
        )
        raise CallFailure("protocol", message)
    received: NDArray[Any] = numpy.ndarray(shape, wire, buffer=payload, offset=start)
    # Copies, also when the types are the same.
    return received.astype(name)


def _import_numpy(name: str) -> Any:
    try:
        import numpy
    except ImportError as error:
        raise CallFailure(
            "value",
            f"an argument is an array of {name}, and numpy cannot be imported: {error}",
            direction="argument",
            path="",
            type="numpy.ndarray",
            hint="install numpy in the Python environment of this session, or send a plain array",
        ) from None
    return numpy
