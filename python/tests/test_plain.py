from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest

from slither_worker.plain import encode_plain, is_plain


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        1.5,
        "a",
        b"a",
        [],
        {},
        [1, "a", None],
        {"a": {"b": [1.5]}},
        [[], {}, [{}]],
        [[1], {"a": 1}, 2],
    ],
)
def test_values_that_messagepack_has_itself_are_plain(value: object) -> None:
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [(), set(), {1: 2}, {b"a": 1}, datetime.date(2026, 1, 1), object(), [(1,)], {"a": [{"b": {2: 1}}]}],
)
def test_all_other_values_are_not_plain(value: object) -> None:
    assert not is_plain(value)


def test_values_deeper_than_200_levels_are_not_plain() -> None:
    value: Any = []
    for _ in range(199):
        value = [value]

    assert is_plain(value)
    assert not is_plain([value])


def test_a_list_that_contains_itself_many_times_is_not_plain() -> None:
    value: list[Any] = [{"a": 1}]
    value.extend([value] * 3000)

    assert not is_plain(value)


@pytest.mark.parametrize("value", [(1,), 2**64, "\ud800", {"__proto__": 1}, ["__proto__"]])
def test_what_plain_messagepack_may_not_carry_is_not_encoded(value: object) -> None:
    assert encode_plain([value]) is None


def test_plain_values_are_encoded() -> None:
    assert encode_plain([1, {"a": None}]) == msgspec.msgpack.encode([1, {"a": None}])
