"""The notation of protocol/golden/frames.json."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import numpy

from slither_worker.batch import Batch
from slither_worker.encode import Encoder
from slither_worker.protocol import HEADER, Kind
from slither_worker.refs import Refs
from slither_worker.table import rows_of
from slither_worker.view_codec import Question, ViewCodec

HELD_NUMBER = 7


class Held:
    """Stands for the object that the golden frames know under the number 7."""


HELD = Held()


def load_frames() -> list[dict[str, Any]]:
    folder = Path(__file__).resolve().parents[2] / "protocol" / "golden"
    frames: list[dict[str, Any]] = json.loads((folder / "frames.json").read_text("utf-8"))
    return frames


def refs_holding_seven() -> Refs:
    refs = Refs()
    numbers = [refs.hold(HELD) for _ in range(HELD_NUMBER)]
    refs.release(numbers[:-1])
    return refs


def frame_bytes(frame: dict[str, Any]) -> bytes:
    """Write a frame with the worker's own encoder."""
    encoder = Encoder(refs_holding_seven())
    body = value_of(frame["body"])
    if frame["kind"] == Kind.RESULT:
        encoded = encoder.encode_result(*body)
    elif frame["kind"] == Kind.CALLBACK:
        encoded = ViewCodec(refs_holding_seven()).encode(Question(*body))
    else:
        encoded = _rows(encoder, *body) if frame["kind"] == Kind.ROWS else encoder.encode_message(body)
    return HEADER.pack(len(encoded), frame["kind"], frame["id"]) + encoded


def _rows(encoder: Encoder, table: Any, stamps: list[float], left: list[Any], taps: list[Any]) -> bytes:
    batch = Batch(rows_of(*table), fails_by_row=False)
    batch.left = left
    batch.stamps = stamps[3:-1]
    tapped = [[step, msgspec.Raw(encoder.encode_table(rows_of(*rows)))] for step, rows in taps]
    with patch("time.monotonic", return_value=stamps[-1]):
        return encoder.encode_batch(batch, 0, stamps[:3], tapped)


def value_of(described: Any) -> Any:
    if not isinstance(described, dict):
        return described
    ((form, content),) = described.items()
    return _FORMS[form](content)


def _text(content: str) -> str:
    return struct.pack(f"<{len(content) // 4}H", *_code_units(content)).decode("utf-16-le", "surrogatepass")


def _code_units(content: str) -> list[int]:
    return [int(content[start : start + 4], 16) for start in range(0, len(content), 4)]


def _array(content: dict[str, Any]) -> Any:
    dtype = numpy.dtype(content["dtype"]).newbyteorder("<")
    return numpy.frombuffer(bytes.fromhex(content["data"]), dtype).reshape(content["shape"])


def _ref(content: int) -> Held:
    assert content == HELD_NUMBER
    return HELD


_FORMS: dict[str, Any] = {
    "int": int,
    "float": float,
    "bytes": bytes.fromhex,
    "text": _text,
    "list": lambda content: [value_of(item) for item in content],
    "tuple": lambda content: tuple(value_of(item) for item in content),
    "dict": lambda content: {value_of(key): value_of(item) for key, item in content},
    "ndarray": _array,
    "ref": _ref,
}
