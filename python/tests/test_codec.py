"""Encoding and decoding together: what goes out comes back as it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from exactly import exactly_equal
from hypothesis import given
from strategies import values

from slither_worker.decode import Decoder
from slither_worker.encode import Encoder
from slither_worker.plain import is_plain
from slither_worker.refs import Refs


def round_trip(value: object) -> Any:
    refs = Refs()
    body = Encoder(refs).encode_result(value, 1)
    carried, _ = Decoder(refs).body_decoder(tuple[Any, int])(body)
    return carried


@given(values)
def test_every_value_comes_back_exactly_as_it_was(value: object) -> None:
    assert exactly_equal(round_trip(value), value)


@given(values)
def test_every_value_comes_back_from_inside_a_batch(value: object) -> None:
    assert exactly_equal(round_trip([{"id": 1, "value": value}, value]), [{"id": 1, "value": value}, value])


@given(values)
def test_encoding_what_came_back_gives_the_same_bytes(value: object) -> None:
    encoder = Encoder(Refs())
    assert encoder.encode_result(round_trip(value), 1) == encoder.encode_result(value, 1)


@given(values)
def test_plain_values_are_what_messagepack_carries_without_help(value: object) -> None:
    if is_plain(value):
        try:
            plain = msgspec.msgpack.encode([value, 1])
        except (OverflowError, UnicodeEncodeError):
            return
        assert Encoder(Refs()).encode_result(value, 1) == plain


@pytest.mark.parametrize(
    "value",
    [
        -0.0,
        [-0.0, 0.0, 0, False],
        [1, 1.0, True],
        float("nan"),
        [float("inf"), float("-inf"), 5e-324],
        [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1],
        [127 * 2**64, 128 * 2**64, -128 * 2**64, -129 * 2**64, 10**400],
        (),
        ((), [()], {"a": ()}),
        {},
        {1: "a", 2.5: "b", None: "c", False: "d", "e": {2**70: "f"}},
        {"0": 1, "": 2, "x y": 3},
        {"\ud800": 1, "a": "\udfff"},
        {"text": "a __proto__ b", "__proto": 1, "\u00a9__proto__": "__proto__"},
        b"\xa9__proto__",
        ["__proto__", {"key": "__proto__"}],
        "\U0001f40d",
        [b"", b"\x00" * 70000],
        None,
    ],
)
def test_values_at_the_edges_come_back_exactly(value: object) -> None:
    assert exactly_equal(round_trip(value), value)


def test_values_may_nest_200_levels_deep() -> None:
    as_list: Any = 1
    as_tuple: Any = 1
    as_dict: Any = 1
    for _ in range(200):
        as_list, as_tuple, as_dict = [as_list], (as_tuple,), {0: as_dict}

    assert repr(round_trip(as_list)) == repr(as_list)
    assert repr(round_trip(as_tuple)) == repr(as_tuple)
    assert repr(round_trip(as_dict)) == repr(as_dict)


def test_an_object_that_stands_in_many_places_is_carried_in_each() -> None:
    shared = {"a": [1]}
    assert round_trip([shared, shared, (shared, shared)]) == [shared, shared, (shared, shared)]
