from __future__ import annotations

import pytest

from slither_worker.errors import CallFailure
from slither_worker.refs import Refs


def test_an_object_is_found_under_its_number() -> None:
    refs = Refs()
    first, second = object(), object()
    numbers = [refs.hold(first), refs.hold(second)]

    assert [refs.get(number) for number in numbers] == [first, second]
    assert [refs.number_of(first), refs.number_of(second)] == numbers
    assert refs.number_of(object()) is None


def test_a_released_object_is_not_found_and_its_number_is_not_used_again() -> None:
    refs = Refs()
    number = refs.hold([])
    refs.release([number])

    with pytest.raises(CallFailure, match=f"ref {number}"):
        refs.get(number)
    assert refs.hold([]) > number


def test_releasing_one_handle_leaves_the_object_to_the_others() -> None:
    refs = Refs()
    value = object()
    first, second = refs.hold(value), refs.hold(value)
    refs.release([first])

    assert first != second
    assert refs.get(second) is value
    assert refs.number_of(value) == second
    refs.release([second])
    assert refs.number_of(value) is None


def test_unknown_numbers_are_ignored_on_release() -> None:
    refs = Refs()
    number = refs.hold("a")
    refs.release([number, number, 99, 0])

    with pytest.raises(CallFailure):
        refs.get(number)
