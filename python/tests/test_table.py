"""Rows of a batch, and the columns that they may travel as."""

from __future__ import annotations

import copy
from collections import OrderedDict
from enum import Enum
from typing import Any

import msgspec
import pytest
from exactly import exactly_equal
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import floats, integers, scalars, texts, values

from slither_worker import encode
from slither_worker.decode import Decoder
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.protocol import MAX_DEPTH
from slither_worker.refs import Refs
from slither_worker.table import FEWEST_ROWS, MOST_COLUMNS, Table, columns_of, rows_of

ENOUGH = FEWEST_ROWS


def _carried(rows: list[Any]) -> list[Any]:
    """Return what the rows are when they are encoded and decoded again."""
    table = Decoder(Refs()).body_decoder(Table)(Encoder(Refs()).encode_table(rows))
    return rows_of(*table)


def _refusal(rows: list[Any], encode_rows: Any) -> dict[str, Any]:
    with pytest.raises(CallFailure) as caught:
        encode_rows(rows)
    return caught.value.error


def _travels_in_columns(rows: list[Any]) -> bool:
    shape: object = msgspec.msgpack.decode(Encoder(Refs()).encode_table(rows))[1]
    return shape is not None


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | floats | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b"]), inner),
    max_leaves=5,
)
numbers = st.booleans() | integers | floats | st.sampled_from([0, 1, 0.0, -0.0, 1.0, True, False])
shapes: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([plain, numbers, texts, scalars, values]),
    lambda inner: st.dictionaries(texts, inner, min_size=1, max_size=4),
    max_leaves=8,
).filter(lambda shape: isinstance(shape, dict))


def _row_of(shape: Any) -> st.SearchStrategy[Any]:
    if not isinstance(shape, dict):
        return shape  # type: ignore[no-any-return]
    return st.fixed_dictionaries({key: _row_of(inner) for key, inner in shape.items()})


@st.composite
def _many(draw: st.DrawFn, rows: st.SearchStrategy[Any]) -> list[Any]:
    """Draw about as many rows as travel in columns, of few kinds."""
    kinds = draw(st.lists(rows, min_size=1, max_size=4))
    return [
        copy.deepcopy(kinds[index % len(kinds)]) for index in range(draw(st.integers(ENOUGH - 2, ENOUGH + 2)))
    ]


even_rows = shapes.flatmap(lambda shape: _many(_row_of(shape)))
odd_rows = _many(values | st.dictionaries(st.sampled_from("abc"), numbers))


@given(even_rows)
@example([{"a": None, "b": [{}]}] * ENOUGH)
@example([{"a": {"b": {"c": index}}, "d": -0.0} for index in range(ENOUGH)])
@example([{"\ud800": 1} for _ in range(ENOUGH)])
@example([{"a": "\ud800"} for _ in range(ENOUGH)])
@example([{"a": 2**64} for _ in range(ENOUGH)])
@example([{"a": {1: 2}} for _ in range(ENOUGH)])
@example([{"a": "__proto__", "b": ["__proto__"]} for _ in range(ENOUGH)])
def test_rows_that_are_alike_come_back_exactly_as_they_were(rows: list[Any]) -> None:
    assert exactly_equal(_carried(rows), rows)


@given(odd_rows)
def test_rows_of_any_kind_come_back_exactly_as_they_were(rows: list[Any]) -> None:
    assert exactly_equal(_carried(rows), rows)


NUMBERS = [True, False, 0, 1, -1, 0.0, -0.0, 1.0, float("nan"), float("inf"), 2**53 + 1, -(2**63), 2**64 - 1]


def test_a_column_keeps_the_type_of_each_value() -> None:
    rows = [{"a": value, "b": None if index % 2 else "text"} for index, value in enumerate(NUMBERS * 2)]

    assert _travels_in_columns(rows)
    assert exactly_equal(_carried(rows), rows)


def test_rows_have_the_keys_in_their_order() -> None:
    rows = [{"b": 1, "a": {"z": 1, "y": 2}} for _ in range(ENOUGH)]

    assert _travels_in_columns(rows)
    assert [list(row) for row in _carried(rows)] == [["b", "a"]] * ENOUGH
    assert [list(row["a"]) for row in _carried(rows)] == [["z", "y"]] * ENOUGH


@pytest.mark.parametrize("key", ["", "0", "a b", "'", '"', "\\", "\n", "{", "class", "ключ", "\0", "a" * 300])
def test_a_key_may_be_any_text(key: str) -> None:
    rows = [{key: index, "other": {key: [index]}} for index in range(ENOUGH)]

    assert _travels_in_columns(rows)
    assert exactly_equal(_carried(rows), rows)


def test_dicts_in_rows_are_columns_of_their_own_as_deep_as_it_pays() -> None:
    rows: list[Any] = [{"a": index} for index in range(ENOUGH)]
    for _ in range(20):
        rows = [{"a": row, "b": 1} for row in rows]

    assert exactly_equal(_carried(rows), rows)
    assert _travels_in_columns(rows)


class Text(str):
    """Text that is more than text."""

    __slots__ = ()


class Key(str, Enum):
    A = "a"


class Forbidding(str):
    __slots__ = ()
    allowed = False

    def __hash__(self) -> int:
        if not Forbidding.allowed:
            raise SystemExit("nothing may be asked of a key of the user's")
        return str.__hash__(self)


UNEVEN: dict[str, list[Any]] = {
    "fewer": [{"a": 1}] * (ENOUGH - 1),
    "none": [],
    "no dicts": [1] * ENOUGH,
    "not only dicts": [{"a": 1}] * ENOUGH + [[("a", 1)]],
    "other keys": [{"a": 1}] * ENOUGH + [{"b": 1}],
    "another order": [{"a": 1, "b": 2}] * ENOUGH + [{"b": 1, "a": 2}],
    "one more key": [{"a": 1}] * ENOUGH + [{"a": 1, "b": 2}],
    "one key less": [{"a": 1, "b": 2}] * ENOUGH + [{"a": 1}],
    "as many keys": [{"a": 1, "b": 2}, {"a": 1}, {"b": 1, "a": 2, "c": 3}] + [{"a": 1, "b": 2}] * ENOUGH,
    "no keys": [{}] * ENOUGH,
    "other than text": [{1: 2}] * ENOUGH,
    "a column of tuples": [{"a": (1,)}] * ENOUGH,
    "a column in which one is a tuple": [{"a": 1}] * ENOUGH + [{"a": [(1,)]}],
    "dicts in rows with keys other than text": [{"a": {1: 2}}] * ENOUGH,
    "too many columns": [{str(number): 1 for number in range(MOST_COLUMNS + 1)}] * ENOUGH,
}


@pytest.mark.parametrize("name", UNEVEN)
def test_rows_that_make_no_columns_travel_as_they_are(name: str) -> None:
    rows = UNEVEN[name]

    assert columns_of(rows) is None
    assert not _travels_in_columns(rows)
    assert exactly_equal(_carried(rows), rows)


def test_dicts_in_rows_that_are_not_all_alike_are_values_of_one_column() -> None:
    rows = [{"a": {"b": 1}, "c": {"d": index}} for index in range(ENOUGH)] + [{"a": {}, "c": {"d": 0}}]
    table = columns_of(rows)

    assert table is not None
    assert table.shape == ["a", ["c", ["d"]]]
    assert exactly_equal(_carried(rows), rows)


def test_dicts_in_rows_are_values_of_one_column_where_there_would_be_too_many() -> None:
    row = {str(number): number for number in range(MOST_COLUMNS - 1)}
    rows = [{**row, "last": {"a": index, "b": 2}} for index in range(ENOUGH)]
    table = columns_of(rows)

    assert table is not None
    assert (table.shape or [])[-1] == "last"
    assert len(table.values) == MOST_COLUMNS
    assert exactly_equal(_carried(rows), rows)


def test_no_column_is_named_by_the_key_that_is_refused() -> None:
    assert columns_of([{"__proto__": 1}] * ENOUGH) is None


REFUSED: dict[str, Any] = {
    "a set": {"a": 1, "b": {1}},
    "a set further inside": {"a": {"b": [1, {"c": {1}}]}, "b": 1},
    "the key __proto__": {"a": 1, "__proto__": 2},
    "the key __proto__ further inside": {"a": {"__proto__": 2}, "b": 1},
    "the key __proto__ in a list": {"a": [{"__proto__": 2}], "b": 1},
    "a key that is no text": {"a": 1, (1,): 2},
    "a key that is more than text": {Key.A: 1, "b": 2},
    "a subclass of dict": OrderedDict(a=1, b=2),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("others", [0, ENOUGH])
def test_what_cannot_be_carried_is_refused_as_in_a_list(name: str, others: int) -> None:
    rows = [{"a": 1, "b": 2}] * others + [REFUSED[name]] + [{"a": 1, "b": 2}] * others
    all_alike = [REFUSED[name]] * max(others, 1)

    for refused in (rows, all_alike):
        error = _refusal(refused, Encoder(Refs()).encode_table)
        assert error == _refusal(refused, lambda value: Encoder(Refs()).encode_result(value, 1))
        assert error["path"].startswith(f"[{others if refused is rows else 0}]")


@pytest.mark.parametrize("first", [0, ENOUGH])
def test_a_key_that_is_more_than_text_is_refused_wherever_it_stands(first: int) -> None:
    rows: list[Any] = [{"a": 1}] * first + [{Key.A: 1}] + [{"a": 1}] * ENOUGH

    assert _refusal(rows, Encoder(Refs()).encode_table)["path"] == f"[{first}]"


def test_nothing_of_a_key_that_the_user_has_made_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Forbidding, "allowed", True)
    rows: list[Any] = [{"a": 1}] * ENOUGH + [{Forbidding("a"): 1}]
    monkeypatch.setattr(Forbidding, "allowed", False)

    assert columns_of(rows) is None


def test_keys_that_are_equal_need_not_be_the_same_objects() -> None:
    rows = [{"".join(["k", "ey"]): index} for index in range(ENOUGH)]

    assert _travels_in_columns(rows)
    assert exactly_equal(_carried(rows), rows)


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize("nested", [0, 1, 8, 9])
def test_rows_nest_as_deep_in_columns_as_in_a_list(levels: int, nested: int) -> None:
    value: Any = 0
    for _ in range(levels - 1 - nested):
        value = [value]
    for _ in range(nested + 1):
        value = {"a": value}
    many, few = [value] * ENOUGH, [value] * (ENOUGH - 1)

    if levels <= MAX_DEPTH:
        assert exactly_equal(_carried(many), many)
        assert exactly_equal(_carried(few), few)
    else:
        error = _refusal(many, Encoder(Refs()).encode_table)
        assert error == _refusal(few, Encoder(Refs()).encode_table)


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: (value,), lambda value: {1: value}])
@pytest.mark.parametrize("rows", [1, ENOUGH])
def test_a_row_of_a_list_may_nest_as_deep_as_the_result_of_a_call(wrap: Any, rows: int) -> None:
    value: Any = 0
    for _ in range(MAX_DEPTH):
        value = wrap(value)

    assert repr(_carried([value] * rows)) == repr([value] * rows)
    assert "deeper than 200 levels" in _refusal([wrap(value)] * rows, Encoder(Refs()).encode_table)["message"]


def test_rows_that_refer_to_themselves_are_refused() -> None:
    row: dict[str, Any] = {}
    row["a"] = row

    assert _refusal([row] * ENOUGH, Encoder(Refs()).encode_table)["code"] == "value"


def test_rows_that_fit_into_no_frame_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 500)

    error = _refusal([{"a": "x" * 100}] * ENOUGH, Encoder(Refs()).encode_table)
    assert (error["code"], error["path"], error["type"]) == ("value", "", "list")


def test_objects_that_are_held_travel_as_refs_among_rows_that_are_alike() -> None:
    refs = Refs()
    held = object()
    refs.hold(held)
    rows = [{"a": index, "model": held} for index in range(ENOUGH)]
    body = Encoder(refs).encode_table(rows)

    assert rows_of(*Decoder(refs).body_decoder(Table)(body)) == rows


def test_each_row_is_an_object_of_its_own() -> None:
    shared = {"b": [1]}
    rows = _carried([{"a": shared} for _ in range(ENOUGH)])
    rows[0]["a"]["b"].append(2)

    assert rows[1] == {"a": {"b": [1]}}


def test_the_rows_that_were_given_stay_as_they_are() -> None:
    rows = [{"a": {"b": index}, "c": [index]} for index in range(ENOUGH)]
    Encoder(Refs()).encode_table(rows)

    assert rows == [{"a": {"b": index}, "c": [index]} for index in range(ENOUGH)]
