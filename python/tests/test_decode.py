from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.msgpack import Ext

from slither_worker import decode
from slither_worker.decode import Decoder
from slither_worker.errors import CallFailure
from slither_worker.refs import Refs


def _decode(value: object, refs: Refs | None = None) -> Any:
    return Decoder(refs or Refs()).body_decoder(object)(msgspec.msgpack.encode(value))


def _failure(body: bytes, shape: type = object) -> dict[str, object]:
    with pytest.raises(CallFailure) as caught:
        Decoder(Refs()).body_decoder(shape)(body)
    return caught.value.error


def test_a_ref_becomes_the_very_object_that_is_held() -> None:
    refs = Refs()
    model = object()
    ref = Ext(0x57, refs.hold(model).to_bytes(4, "little"))

    assert _decode([ref, {"model": ref}], refs) == [model, {"model": model}]


def test_a_ref_that_is_not_held_fails_with_its_number() -> None:
    error = _failure(msgspec.msgpack.encode([Ext(0x57, b"\x09\0\0\0")]))

    assert error["code"] == "ref"
    assert error["ref"] == 9


def test_keys_that_are_equal_in_python_are_refused_and_not_merged() -> None:
    error = _failure(msgspec.msgpack.encode(Ext(0x53, msgspec.msgpack.encode([1, "a", True, "b"]))))

    assert error["code"] == "value"
    assert error["direction"] == "argument"


def test_a_negative_zero_comes_as_a_float() -> None:
    value = _decode(Ext(0x55, b"\0\0\0\0\0\0\0\x80"))

    assert str(value) == "-0.0"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x92\x01",
        b"\xc0\xc0",
        b"\xa1\xff",
        b"\xc1",
        msgspec.msgpack.encode(Ext(0x50, b"")),
        msgspec.msgpack.encode(Ext(0x52, msgspec.msgpack.encode("no array"))),
        msgspec.msgpack.encode(Ext(0x53, msgspec.msgpack.encode([1, 2, 3]))),
        msgspec.msgpack.encode(Ext(0x53, msgspec.msgpack.encode([[1], 2]))),
        msgspec.msgpack.encode(Ext(0x55, b"123")),
        msgspec.msgpack.encode(Ext(0x56, b"1")),
        msgspec.msgpack.encode(Ext(0x57, b"1")),
        b"\x91" * 100_000,
    ],
)
def test_a_damaged_body_fails_with_protocol(body: bytes) -> None:
    assert _failure(body)["code"] == "protocol"


def test_a_body_of_another_shape_fails_with_what_was_expected() -> None:
    error = _failure(msgspec.msgpack.encode(["module", 5]), tuple[str, str])

    assert error["code"] == "protocol"
    assert "Expected `str`, got `int`" in str(error["message"])


def test_running_out_of_memory_is_no_fault_of_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(_: object) -> object:
        raise MemoryError

    monkeypatch.setitem(decode._LEAVES, 0x50, no_memory)
    error = _failure(msgspec.msgpack.encode(Ext(0x50, b"")))

    assert (error["code"], error["type"]) == ("exception", "MemoryError")
