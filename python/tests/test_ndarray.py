from __future__ import annotations

import sys

import msgspec
import numpy
import pytest
from exactly import exactly_equal
from msgspec.msgpack import Ext
from strategies import DTYPES
from test_codec import round_trip

from slither_worker.decode import Decoder
from slither_worker.errors import CallFailure
from slither_worker.ndarray import encode_array
from slither_worker.refs import Refs

NUMBERS = numpy.arange(24, dtype="float64").reshape(2, 3, 4)


def _decode(payload: bytes) -> object:
    body = msgspec.msgpack.encode(Ext(0x54, payload))
    return Decoder(Refs()).body_decoder(object)(body)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_of_every_dtype_and_byte_order_come_back_in_that_of_the_machine(
    dtype: str, order: str
) -> None:
    array = numpy.array([[0, 1], [1, 100]], numpy.dtype(dtype).newbyteorder(order))  # type: ignore[arg-type]

    assert exactly_equal(round_trip(array), array.astype(dtype))


@pytest.mark.parametrize(
    "array",
    [
        NUMBERS.T,
        NUMBERS[:, ::2, ::-1],
        numpy.asfortranarray(NUMBERS),
        numpy.broadcast_to(numpy.float32(1.5), (2, 3)),
        numpy.array(1.5),
        numpy.array([], "int8"),
        numpy.zeros((0, 3)),
        numpy.zeros((3, 0, 2), "bool"),
        numpy.frombuffer(b"\x01\x02", "uint8"),
    ],
)
def test_arrays_of_every_layout_come_back_with_the_same_elements(array: object) -> None:
    assert exactly_equal(round_trip(array), array)
    assert exactly_equal(round_trip([array, (array,)]), [array, (array,)])


def test_an_array_that_came_is_writable_and_owns_its_memory() -> None:
    array = round_trip(NUMBERS)
    array[0, 0, 0] = -1

    assert array.flags.owndata
    assert array.flags.c_contiguous
    assert NUMBERS[0, 0, 0] == 0


def test_an_array_without_numpy_fails_as_a_module_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = encode_array(NUMBERS)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(CallFailure) as caught:
        _decode(payload)

    assert caught.value.error["code"] == "module_not_found"
    assert caught.value.error["missing"] == "numpy"


def test_other_values_are_carried_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)

    assert exactly_equal(round_trip([(1,), {2: "\ud800"}]), [(1,), {2: "\ud800"}])


@pytest.mark.parametrize(
    ("header", "elements"),
    [
        (("float16", [1]), b"\0\0"),
        (("float64", [2]), b"\0" * 15),
        (("float64", [2]), b"\0" * 17),
        (("float64", [-1, -1]), b"\0" * 8),
        (("uint8", [1] * 100), b"\0"),
        (("uint8",), b"\0"),
    ],
)
def test_a_damaged_array_fails_with_protocol(header: object, elements: bytes) -> None:
    encoded = msgspec.json.encode(header)
    with pytest.raises(CallFailure) as caught:
        _decode(len(encoded).to_bytes(2, "little") + encoded + elements)

    assert caught.value.error["code"] == "protocol"
