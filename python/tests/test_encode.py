from __future__ import annotations

import msgspec
import pytest

from slither_worker import encode, plain
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.refs import Refs


@pytest.mark.parametrize("value", [b"x" * 200, ("x" * 200,), ["x" * 200]])
def test_a_result_that_fits_into_no_frame_is_refused(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 150)
    with pytest.raises(CallFailure) as caught:
        Encoder(Refs()).encode_result(value, 1)

    assert caught.value.error["code"] == "value"
    assert caught.value.error["type"] == type(value).__name__
    assert "more than 150 bytes" in str(caught.value.error["message"])


def test_a_result_too_long_for_messagepack_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(_: object) -> bytes:
        raise ValueError("can't encode bytes-like objects longer than 2**32 - 1")

    monkeypatch.setattr(plain, "_encode", too_long)
    monkeypatch.setattr(encode, "_encode", too_long)
    with pytest.raises(CallFailure, match="cannot be carried: it takes more than"):
        Encoder(Refs()).encode_result(b"", 1)


def test_a_message_with_a_lone_surrogate_is_still_encoded() -> None:
    body = Encoder(Refs()).encode_message({"message": "a\ud800"})

    text = msgspec.msgpack.Ext(0x56, b"a\x00\x00\xd8")
    assert body == msgspec.msgpack.encode({"message": text})
