"""Batches whose functions take columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy
import pytest
from batches import BEFORE, step
from exactly import exactly_equal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies
from msgspec.msgpack import Ext
from strategies import DTYPES, texts, values

from slither_worker import Rejected
from slither_worker.decode import Decoder
from slither_worker.interrupts import begin_call, end_call
from slither_worker.ndarray import encode_array
from slither_worker.protocol import MAX_DEPTH, Extension, Kind
from slither_worker.rebuild import rebuild
from slither_worker.refs import Refs
from slither_worker.runtime import Runtime

Columns = dict[str, Any]
Function = Callable[[Columns], Any]


@pytest.fixture(autouse=True)
def _call() -> Iterator[None]:
    begin_call(1)  # As the worker does: nothing of an earlier test counts as this call's.
    yield
    end_call()


def _sent(column: Any) -> Any:
    if isinstance(column, numpy.ndarray):
        return Ext(Extension.NDARRAY, encode_array(column))
    return rebuild(column, Refs(), check_scalars=True)


def _ask(functions: list[Function], columns: Columns, *taps: list[Any]) -> tuple[Kind, Any]:
    rows = len(next(iter(columns.values())))
    steps = [step(function, "columns") for function in functions]
    keys = rebuild(list(columns), Refs(), check_scalars=True)
    table = [rows, keys, [_sent(column) for column in columns.values()]]
    return _read([steps, table, list(taps), None, None])


def _read(body: list[Any]) -> tuple[Kind, Any]:
    answer = Runtime().read(Kind.BATCH, msgspec.msgpack.encode(body), BEFORE)()
    assert answer is not None
    return answer[0], Decoder(Refs()).body_decoder(object)(answer[1])


def _columns_of(table: list[Any]) -> tuple[int, Columns]:
    rows, keys, columns = table
    return rows, dict(zip(keys, columns, strict=True))


def _results(functions: list[Function], columns: Columns) -> Columns:
    kind, body = _ask(functions, columns)
    assert kind == Kind.ROWS, body
    return _columns_of(body[0])[1]


def _failure(given_back: Any, rows: int = 3) -> dict[str, Any]:
    kind, error = _ask([lambda _: given_back], {"x": numpy.arange(rows)})
    assert kind == Kind.ERROR, error
    assert isinstance(error, dict)
    return error


def _same(columns: Columns) -> Columns:
    return columns


def _arrays(rows: int) -> st.SearchStrategy[Any]:
    shapes = numpy_strategies.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)
    return st.sampled_from(DTYPES).flatmap(
        lambda dtype: shapes.flatmap(
            lambda shape: numpy_strategies.arrays(numpy.dtype(dtype), (rows, *shape))
        )
    )


def _lists(rows: int) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=rows, max_size=rows)


_tables = st.integers(1, 20).flatmap(
    lambda rows: st.dictionaries(texts, _arrays(rows) | _lists(rows), min_size=1, max_size=4)
)


@given(_tables)
def test_whatever_columns_come_are_what_the_function_gets_and_what_goes_home(columns: Columns) -> None:
    begin_call(1)
    seen: list[Columns] = []

    def note(got: Columns) -> Columns:
        seen.append({key: _plain(column) for key, column in got.items()})
        return got

    assert exactly_equal(_results([note], columns), columns)
    assert exactly_equal(seen, [columns])


def _plain(column: Any) -> Any:
    return list(column) if column.dtype == object else column.copy()


def test_a_list_comes_as_an_array_of_its_very_values() -> None:
    kinds: list[Any] = []

    def note(columns: Columns) -> Columns:
        kinds.extend((column.dtype, column.shape, type(column[0])) for column in columns.values())
        return columns

    scalar = numpy.array(5)
    columns = {"text": ["a", "b"], "lists": [[1, 2], [3, 4]], "arrays": [scalar, scalar]}
    _results([note], columns)

    assert kinds == [(object, (2,), str), (object, (2,), list), (object, (2,), numpy.ndarray)]


@pytest.mark.parametrize("array", [numpy.arange(3), numpy.ones((3, 2)), numpy.array([True, False, True])])
def test_arrays_are_the_functions_own(array: Any) -> None:
    def change(columns: Columns) -> Columns:
        assert columns["x"].flags.c_contiguous
        assert columns["x"].flags.owndata
        columns["x"][:] = 0
        return columns

    assert not _results([change], {"x": array})["x"].any()


def test_columns_of_another_layout_and_of_text_go_home() -> None:
    made = {
        "big": numpy.arange(3, dtype=">i4"),
        "strided": numpy.arange(6)[::2],
        "broadcast": numpy.broadcast_to(numpy.float64(1.5), (3,)),
        "fortran": numpy.asfortranarray(numpy.arange(6).reshape(3, 2)),
        "text": numpy.array(["a", "bc", "\ud800"]),
        "objects": numpy.array([None, 2**70, ("a", 1)], dtype=object),
    }
    came = _results([lambda _: made], {"x": numpy.zeros(3)})

    assert came["big"].tolist() == [0, 1, 2]
    assert came["strided"].tolist() == [0, 2, 4]
    assert came["broadcast"].tolist() == [1.5] * 3
    assert came["fortran"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert came["text"] == ["a", "bc", "\ud800"]
    assert came["objects"] == [None, 2**70, ("a", 1)]


def test_a_dict_of_another_class_and_one_without_columns_do() -> None:
    class Columns(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            raise AssertionError("nothing that a class has overridden is called")

    assert exactly_equal(_results([lambda _: Columns(x=[1])], {"a": [0]}), {"x": [1]})
    assert _results([lambda _: {}], {"a": [0]}) == {}


def _between(made: Columns) -> Columns:
    """Return what the second of two functions gets when the first one gives this back."""
    seen: list[Columns] = []

    def note(columns: Columns) -> Columns:
        seen.append(columns)
        return columns

    _results([lambda _: made, note], {"a": [0] * 3})
    return seen[0]


def test_a_function_that_changes_a_column_changes_no_other_that_was_given_back_as_the_same_array() -> None:
    def add_one(columns: Columns) -> Columns:
        columns["x"] += 1
        return columns

    came = _results([lambda columns: {"x": columns["i"], "y": columns["i"]}, add_one], {"i": numpy.arange(3)})

    assert (came["x"].tolist(), came["y"].tolist()) == ([1, 2, 3], [0, 1, 2])


@pytest.mark.parametrize("kept", [numpy.arange(3), numpy.array([1, None, "a"], dtype=object)])
def test_a_function_that_changes_a_column_changes_no_array_that_the_one_before_it_keeps(kept: Any) -> None:
    before = kept.tolist()

    def change(columns: Columns) -> Columns:
        columns["x"][:] = 7
        return columns

    assert list(_results([lambda _: {"x": kept}, change], {"a": [0] * 3})["x"]) == [7, 7, 7]
    assert kept.tolist() == before


def _read_only() -> Any:
    array = numpy.arange(3)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "array",
    [
        _read_only(),
        numpy.arange(6)[::2],
        numpy.asfortranarray(numpy.arange(6).reshape(3, 2)),
        numpy.arange(3, dtype=">i4"),
        numpy.broadcast_to(numpy.float64(1.5), (3,)),
    ],
)
def test_an_array_of_any_layout_is_writable_and_in_c_order_for_the_next_function(array: Any) -> None:
    got = _between({"x": array})["x"]

    assert got.flags.writeable
    assert got.flags.c_contiguous
    assert got.dtype.isnative
    assert got.dtype.name == array.dtype.name
    assert got.tolist() == array.tolist()


@pytest.mark.parametrize(
    "column", [numpy.array(["a", "b", "c"]), numpy.array(["a", "b", "c"], dtype=object), ["a", "b", "c"]]
)
def test_text_is_an_array_of_objects_for_the_next_function_whatever_it_was_given_back_as(column: Any) -> None:
    got = _between({"x": column})["x"]

    assert got.dtype == object
    assert [type(text) for text in got] == [str] * 3


def test_a_list_of_numbers_is_an_array_of_objects_for_the_next_function() -> None:
    assert _between({"x": [1, 2, 3]})["x"].dtype == object


@pytest.mark.parametrize(("levels", "kind"), [(MAX_DEPTH - 1, Kind.ROWS), (MAX_DEPTH, Kind.ERROR)])
def test_a_value_in_a_list_may_nest_as_deep_as_the_field_of_a_row(levels: int, kind: Kind) -> None:
    value: Any = 0
    for _ in range(levels):
        value = [value]

    assert _ask([lambda _: {"x": [value]}], {"a": [0]})[0] == kind


def _reject_odd(columns: Columns) -> Any:
    odd = numpy.flatnonzero(columns["n"] % 2)
    return columns, {place: Rejected(f"{columns['n'][place]} is odd") for place in odd}


def _reject_every(number: int) -> Function:
    def reject(columns: Columns) -> Any:
        return columns, {
            place: Rejected(f"{n} of {number}") for place, n in enumerate(columns["n"]) if n % number == 0
        }

    return reject


def test_rows_that_leave_keep_their_numbers_and_are_in_no_column() -> None:
    columns = {"n": numpy.array([1, 2, 12, 3, 4, 8, 10]), "text": list("abcdefg")}
    kind, body = _ask([_reject_odd, _reject_every(6), _reject_every(4)], columns, [0, [1, 2, 3]])
    assert kind == Kind.ROWS
    table, _, left, taps = body

    assert exactly_equal(_columns_of(table), (2, {"n": numpy.array([2, 10]), "text": ["b", "g"]}))
    assert left == [
        [0, 0, "1 is odd"],
        [3, 0, "3 is odd"],
        [2, 1, "12 of 6"],
        [4, 2, "4 of 4"],
        [5, 2, "8 of 4"],
    ]
    [[number, tapped]] = taps
    assert number == 0
    assert exactly_equal(_columns_of(tapped), (2, {"n": numpy.array([2, 12]), "text": ["b", "c"]}))


def test_a_function_is_not_called_for_no_rows() -> None:
    def must_not_be_called(_: Columns) -> Columns:
        raise AssertionError("no row has come so far")

    kind, body = _ask([_reject_every(1), must_not_be_called], {"n": numpy.array([1, 2])})

    assert kind == Kind.ROWS
    assert _columns_of(body[0])[0] == 0
    assert len(body[2]) == 2


def test_a_subclass_of_rejected_stands_for_the_same_with_its_text() -> None:
    class Odd(Rejected):
        pass

    _, body = _ask([lambda columns: (columns, {0: Odd("odd")})], {"n": [1, 2]})
    assert body[2] == [[0, 0, "odd"]]


class _Series:
    pass


_Series.__module__ = "pandas.core.series"
_ROWS = "expected column 'x' to have 3 rows"
_ASIDE = "expected the rows that are set aside as {index: Rejected(reason)}"


@pytest.mark.parametrize(
    ("given_back", "problem"),
    [
        (None, "expected a dict of numpy arrays, one for each column, got a NoneType"),
        ([1, 2, 3], "expected a dict of numpy arrays, one for each column, got a list"),
        ({"x": numpy.arange(2)}, f"{_ROWS}, got 2"),
        ({"x": [1] * 4}, f"{_ROWS}, got 4"),
        ({"x": numpy.array(1)}, f"{_ROWS}, got a single value (use numpy.full for one value in all rows)"),
        ({"x": _Series()}, "a numpy array or a list, got a pandas.core.series._Series (use .to_numpy())"),
        (
            {"x": (1, 2, 3)},
            "column 'x' to be a numpy array or a list, got a tuple (use list(value))",
        ),
        ({2: [1, 2, 3]}, "expected the names of its columns to be text, got a int"),
        ({"__proto__": [1, 2, 3]}, "expected no column '__proto__', which no JavaScript object can have"),
        ({"x": numpy.zeros(3, "complex64")}, "got numpy.ndarray[complex64] (send value.real and value.imag)"),
        ({"x": numpy.array([["a"]] * 3)}, "got numpy.ndarray[<U1] (convert it with value.tolist())"),
        (({"x": [1, 2, 3]}, [0]), f"{_ASIDE}, got a list"),
        (({"x": [1, 2, 3]}, {3: Rejected("no")}), f"{_ASIDE}, from 0 to 2, got 3"),
        (({"x": [1, 2, 3]}, {-1: Rejected("no")}), f"{_ASIDE}, from 0 to 2, got -1"),
        (({"x": [1, 2, 3]}, {True: Rejected("no")}), f"{_ASIDE}, from 0 to 2, got True"),
        (({"x": [1, 2, 3]}, {0: ValueError("no")}), f"{_ASIDE}, got a ValueError"),
    ],
)
def test_what_is_no_columns_fails_the_batch_and_says_why(given_back: Any, problem: str) -> None:
    error = _failure(given_back)

    assert (error["code"], error["expected"], error["step"]) == ("batch_result", 3, 0)
    assert problem in error["problem"]


def test_what_cannot_be_carried_is_named_by_its_column_and_its_place_in_what_was_given_back() -> None:
    def make(_: Columns) -> Any:
        return {"made": [1, 2, {"deep": {3}}]}, {0: Rejected("first")}

    kind, error = _ask([make], {"n": [0] * 3})

    assert kind == Kind.ERROR
    assert (error["code"], error["path"], error["type"]) == ("value", ".made[2].deep", "set")


@pytest.mark.parametrize(
    ("forms", "table"),
    [
        (["columns", "list"], [1, ["a"], [[1]]]),
        (["columns"], [2, ["a"], [[1]]]),
        (["columns"], [1, ["a", "b"], [[1]]]),
    ],
)
def test_what_is_no_table_of_columns_is_not_in_the_protocol(forms: list[str], table: list[Any]) -> None:
    kind, error = _read([[step(_same, form) for form in forms], table, [], None, None])

    assert (kind, error["code"]) == (Kind.ERROR, "protocol")
