from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy
import pytest
from test_codec import round_trip

from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.refs import Refs


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Label(str, enum.Enum):
    GOOD = "good"


class Point(NamedTuple):
    x: int


@dataclasses.dataclass
class Record:
    x: int


class Struct(msgspec.Struct):
    x: int


class MyList(list[int]):
    pass


class MyText(str):
    __slots__ = ()


class Anything:
    pass


def _numbers() -> Iterator[int]:
    yield 1


KEEP = "use session.create(...) to keep it in Python and get a ref"
TO_LIST = "convert it with list(...)"


def refusal(value: object) -> dict[str, Any]:
    with pytest.raises(CallFailure) as caught:
        Encoder(Refs()).encode_result(value, 1)
    return caught.value.error


@pytest.mark.parametrize(
    ("value", "name", "hint"),
    [
        ({1, 2}, "set", "convert it with sorted(...) or list(...)"),
        (frozenset({1}), "frozenset", "convert it with sorted(...) or list(...)"),
        (
            decimal.Decimal("1.5"),
            "decimal.Decimal",
            "convert it with float(value), or str(value) to keep every digit",
        ),
        (fractions.Fraction(1, 3), "fractions.Fraction", "convert it with float(value)"),
        (datetime.datetime(2026, 1, 1), "datetime.datetime", "convert it with value.isoformat()"),
        (datetime.timedelta(1), "datetime.timedelta", "convert it with value.total_seconds()"),
        (uuid.UUID(int=1), "uuid.UUID", "convert it with str(value)"),
        (Path("a"), None, "convert it with str(value)"),
        (Colour.RED, f"{__name__}.Colour", "send value.value"),
        (Level.LOW, f"{__name__}.Level", "send value.value"),
        (Label.GOOD, f"{__name__}.Label", "send value.value"),
        (Record(1), f"{__name__}.Record", "convert it with dataclasses.asdict(value)"),
        (Struct(1), f"{__name__}.Struct", KEEP),
        (Point(1), f"{__name__}.Point", "convert it with tuple(value)"),
        (MyList(), f"{__name__}.MyList", "convert it with list(value)"),
        (MyText("a"), f"{__name__}.MyText", "convert it with str(value)"),
        (collections.OrderedDict(a=1), "collections.OrderedDict", "convert it with dict(value)"),
        (collections.defaultdict(int), "collections.defaultdict", "convert it with dict(value)"),
        (collections.deque([1]), "collections.deque", "convert it with list(value)"),
        (bytearray(b"a"), "bytearray", "convert it with bytes(value)"),
        (memoryview(b"a"), "memoryview", "convert it with bytes(value)"),
        (1 + 2j, "complex", "send value.real and value.imag"),
        (_numbers(), "generator", TO_LIST),
        (range(3), "range", TO_LIST),
        (map(str, [1]), "map", TO_LIST),
        ({"a": 1}.keys(), "dict_keys", TO_LIST),
        (msgspec.msgpack.Ext(0x57, b"1234"), "msgspec.msgpack.Ext", KEEP),
        (msgspec.Raw(b"\xc0"), "msgspec.Raw", KEEP),
        (Anything(), f"{__name__}.Anything", KEEP),
        (Anything, "type", KEEP),
        (len, "builtin_function_or_method", KEEP),
        (NotImplemented, "NotImplementedType", KEEP),
        (numpy.complex128(1), "numpy.complex128", "send value.real and value.imag"),
        (numpy.datetime64("2026-01-01"), "numpy.datetime64", "convert it with str(value)"),
        (numpy.datetime64("2026-01-01", "ns"), "numpy.datetime64", "convert it with str(value)"),
        (numpy.datetime64("NaT"), "numpy.datetime64", "convert it with str(value)"),
        (numpy.timedelta64(2, "Y"), "numpy.timedelta64", "convert it with value.astype('int64')"),
        (numpy.timedelta64(2, "ns"), "numpy.timedelta64", "convert it with value.astype('int64')"),
        (numpy.ma.array([1]), None, "convert it with value.filled(...)"),
        (numpy.array([1j]), "numpy.ndarray[complex128]", "send value.real and value.imag"),
        (
            numpy.zeros(1, "float16"),
            "numpy.ndarray[float16]",
            "convert it with value.astype('float32') or value.astype('float64')",
        ),
        (
            numpy.array(["2026-01-01"], "datetime64[D]"),
            "numpy.ndarray[datetime64[D]]",
            "convert it with value.astype(str).tolist()",
        ),
        (
            numpy.zeros(1, "timedelta64[s]"),
            "numpy.ndarray[timedelta64[s]]",
            "convert it with value.astype('int64')",
        ),
        (numpy.array([None]), "numpy.ndarray[object]", "convert it with value.tolist()"),
        (numpy.array(["a"]), "numpy.ndarray[<U1]", "convert it with value.tolist()"),
        (numpy.array([b"a"]), "numpy.ndarray[|S1]", "convert it with value.tolist()"),
        (numpy.zeros(1, [("x", "f8")]), "numpy.ndarray[[('x', '<f8')]]", "send one array per field"),
    ],
)  # fmt: skip
def test_a_value_without_a_form_on_the_wire_is_refused_by_name_with_a_hint(
    value: object, name: str | None, hint: str
) -> None:
    error = refusal([{"a": value}])

    assert error["code"] == "value"
    assert error["direction"] == "result"
    assert error["path"] == "[0].a"
    assert name is None or error["type"] == name
    assert error["hint"] == hint
    assert "\n" not in error["message"]


def test_a_coroutine_is_refused_with_the_way_to_run_it() -> None:
    async def late() -> int:
        return 1

    coroutine = late()
    assert refusal(coroutine)["hint"] == "run it with asyncio.run(...) and give back its result"
    coroutine.close()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (set(), ""),
        ([1, set()], "[1]"),
        ([{"probabilities": {"x y": set()}}], '[0].probabilities["x y"]'),
        ({"a": ({1: [set()]},)}, ".a[0][1][0]"),
        ({None: set()}, "[None]"),
        ({'quote"': set()}, '["quote\\""]'),
        ({"a": [{"b": 1}] * 3 + [{"b": set()}]}, ".a[3].b"),
    ],
)
def test_a_refused_value_is_named_by_its_path(value: object, path: str) -> None:
    assert refusal(value)["path"] == path


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ((1, 2), "tuple"),
        (b"a", "bytes"),
        (Label.GOOD, f"{__name__}.Label"),
        (MyText("a"), f"{__name__}.MyText"),
    ],
)
def test_a_key_of_another_type_is_refused_also_beside_equal_text(key: object, name: str) -> None:
    error = refusal([{"a": 1, "good": 1}, {key: 1}])

    assert error["path"] == "[1]"
    assert name in error["message"]
    assert error["hint"] == f"it has a key of type {name}; use keys of type str, int, float, bool or None"


@pytest.mark.parametrize("value", [{"__proto__": 1}, {"__proto__": 1, 2: 3}, {"__proto__": 1, "a": (1,)}])
def test_the_key_proto_is_refused(value: object) -> None:
    error = refusal([value])

    assert error["path"] == "[0]"
    assert "__proto__" in error["message"]


def test_nan_as_a_key_more_than_once_is_refused_for_javascript_has_one() -> None:
    error = refusal([{float("nan"): 1, float("nan"): 2}])

    assert error["path"] == "[0]"
    assert "nan more than once" in error["message"]


def test_a_value_deeper_than_200_levels_is_refused() -> None:
    value: Any = 1
    for _ in range(201):
        value = [value]

    error = refusal(value)
    assert error["path"] == "[0]" * 200
    assert "deeper than 200 levels" in error["message"]


def test_a_value_that_contains_itself_is_refused_where_it_does() -> None:
    value: dict[str, Any] = {"a": [1]}
    value["a"].append(value)

    error = refusal(value)
    assert error["path"] == ".a[1]"
    assert "contains itself" in error["message"]


def test_a_value_that_contains_itself_many_times_is_refused_in_good_time() -> None:
    value: list[Any] = []
    value.extend([value] * 2000)

    assert refusal(value)["path"] == "[0]"


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        (numpy.float64(1.5), 1.5),
        (numpy.float32(0.5), 0.5),
        (numpy.float16(0.5), 0.5),
        (numpy.int8(-1), -1),
        (numpy.uint64(2**64 - 1), 2**64 - 1),
        (numpy.bool_(True), True),
        (numpy.str_("a"), "a"),
        (numpy.bytes_(b"a"), b"a"),
    ],
)
def test_numpy_scalars_travel_as_the_python_scalar_they_equal(scalar: object, expected: object) -> None:
    carried = round_trip([scalar])

    assert carried == [expected]
    assert type(carried[0]) is type(expected)


def test_numpy_scalars_may_be_keys() -> None:
    carried = round_trip({numpy.int64(3): 1, numpy.float64(0.5): 2, numpy.str_("a"): 3})

    assert carried == {3: 1, 0.5: 2, "a": 3}
    assert list(map(type, carried)) == [int, float, str]


def test_a_dict_whose_keys_are_all_numpy_texts_becomes_a_map() -> None:
    assert Encoder(Refs()).encode_result({numpy.str_("a"): 1}, 1) == msgspec.msgpack.encode([{"a": 1}, 1])


def test_an_object_that_is_held_travels_as_its_ref_at_any_depth() -> None:
    refs = Refs()
    model = Anything()
    number = refs.hold(model)
    ref = msgspec.msgpack.Ext(0x57, number.to_bytes(4, "little"))

    body = Encoder(refs).encode_result([model, {"model": [model]}], 1)
    assert body == msgspec.msgpack.encode([[ref, {"model": [ref]}], 1])


def test_a_held_object_that_has_a_value_travels_as_its_value() -> None:
    refs = Refs()
    rows = [1, 2]
    array = numpy.array([1.0])
    refs.hold(rows)
    refs.hold(array)

    encoder = Encoder(refs)
    assert encoder.encode_result(rows, 1) == Encoder(Refs()).encode_result(rows, 1)
    assert encoder.encode_result([array], 1) == Encoder(Refs()).encode_result([array], 1)


def test_a_held_object_that_equals_everything_is_not_taken_for_another() -> None:
    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    refs = Refs()
    refs.hold(Equal())
    with pytest.raises(CallFailure):
        Encoder(refs).encode_result(Equal(), 1)


def test_a_nan_among_numpy_scalars_stays_a_nan() -> None:
    assert math.isnan(round_trip([numpy.float64("nan")])[0])
