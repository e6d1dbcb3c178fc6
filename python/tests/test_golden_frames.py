from __future__ import annotations

from typing import Any

import pytest
from exactly import exactly_equal
from golden import HELD, frame_bytes, load_frames, refs_holding_seven, value_of

from slither_worker.decode import Decoder
from slither_worker.protocol import HEADER, Kind

FRAMES = load_frames()


def _named(frames: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(frame, id=frame["name"]) for frame in frames]


@pytest.mark.parametrize("frame", _named(FRAMES))
def test_every_frame_is_read_as_the_value_it_describes(frame: dict[str, Any]) -> None:
    data = bytes.fromhex(frame["hex"])
    length, kind, call = HEADER.unpack(data[: HEADER.size])
    body = Decoder(refs_holding_seven()).body_decoder(object)(data[HEADER.size :])

    assert (length, kind, call) == (len(data) - HEADER.size, frame["kind"], frame["id"])
    assert exactly_equal(body, value_of(frame["body"]))


@pytest.mark.parametrize("frame", _named([frame for frame in FRAMES if frame["from"] == "worker"]))
def test_the_frames_of_a_worker_are_written_byte_for_byte(frame: dict[str, Any]) -> None:
    assert frame_bytes(frame).hex() == frame["hex"]


def test_there_is_a_frame_of_every_kind() -> None:
    assert {frame["kind"] for frame in FRAMES} >= set(Kind)


def test_the_object_under_a_ref_is_the_very_same() -> None:
    (frame,) = (frame for frame in FRAMES if frame["name"] == "refs from python")
    body = Decoder(refs_holding_seven()).body_decoder(object)(bytes.fromhex(frame["hex"])[HEADER.size :])

    assert body == [[HELD, {"model": HELD}], 1500]
