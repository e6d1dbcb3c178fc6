"""Records that a batch function sets aside."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec
import pytest
from golden import HELD, refs_holding_seven
from hypothesis import given, strategies
from msgspec.msgpack import Ext

from slither_worker import Rejected
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure, exception_map
from slither_worker.interrupts import begin_call, end_call
from slither_worker.protocol import Kind
from slither_worker.refs import Refs
from slither_worker.rejected import set_aside
from slither_worker.runtime import Runtime


class Underage(Rejected):
    """A reason of its own."""

    def __init__(self, age: int) -> None:
        super().__init__(f"{age} is too young")
        self.age = age


class Wordless(Rejected):
    def __init__(self) -> None:
        pass


class Loud(Rejected):
    def __str__(self) -> str:
        raise SystemExit(3)


class Reason(str, Enum):
    OLD = "too old"


class SelfText(str):
    __slots__ = ()

    def __str__(self) -> str:
        return self


class Echoing(Rejected):
    def __str__(self) -> str:
        return SelfText("echo")


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    begin_call(1)  # As the worker does: nothing of an earlier test counts as this call's.
    yield Runtime()
    end_call()


def _ask(runtime: Runtime, kind: Kind, *body: object) -> tuple[Kind, Any]:
    answer = runtime.read(kind, msgspec.msgpack.encode(body))()
    assert answer is not None
    return answer[0], msgspec.msgpack.decode(answer[1])


def _batch(rows: list[Any]) -> list[Any]:
    body: list[Any] = msgspec.msgpack.decode(Encoder(Refs()).encode_batch_result(rows, 1))
    return body


def test_a_batch_gives_the_other_results_and_the_reasons_with_their_indexes(runtime: Runtime) -> None:
    kind, (value, nanoseconds, rejected) = _ask(
        runtime, Kind.BATCH, "sample", "set_aside", [1, "a", 2.5, "b"]
    )

    assert (kind, value, rejected) == (Kind.RESULT, [1, None, 2.5, None], [[1, "a"], [3, "b"]])
    assert nanoseconds >= 0


def test_a_batch_in_which_nothing_is_rejected_is_answered_as_ever(runtime: Runtime) -> None:
    kind, body = _ask(runtime, Kind.BATCH, "sample", "set_aside", [1, None, [2]])

    assert (kind, body[0], len(body)) == (Kind.RESULT, [1, None, [2]], 2)


@strategies.composite
def _batches(draw: strategies.DrawFn) -> tuple[list[Any], dict[int, str]]:
    plain = [1, None, "text", 2.5, {"a": [1]}]
    rows = draw(strategies.lists(strategies.sampled_from([*plain, (1, "a"), 2**70])))
    indexes = strategies.sets(strategies.integers(0, max(0, len(rows) - 1)))
    reasons = {index: draw(strategies.text(min_size=1)) for index in draw(indexes) if index < len(rows)}
    return rows, reasons


@given(_batches())
def test_the_rejected_rows_are_nil_and_all_others_what_they_would_be(
    batch: tuple[list[Any], dict[int, str]],
) -> None:
    rows, reasons = batch
    given_back = [Rejected(reasons[index]) if index in reasons else row for index, row in enumerate(rows)]
    before = list(given_back)
    value, _, *rest = _batch(given_back)

    expected = [None if index in reasons else row for index, row in enumerate(rows)]
    assert value == _batch(expected)[0]
    assert rest == ([[[index, reasons[index]] for index in sorted(reasons)]] if reasons else [])
    assert all(now is then for now, then in zip(given_back, before, strict=True))


def test_one_rejected_may_stand_in_many_rows() -> None:
    rejected = Rejected("a")

    assert _batch([rejected, 1, rejected]) == [[None, 1, None], 1, [[0, "a"], [2, "a"]]]


def test_a_subclass_is_rejected_with_its_text() -> None:
    rows = [Underage(3), Rejected("a"), Echoing("b"), Wordless(), Loud("c")]

    loud = "<no message: SystemExit in __str__ of Loud>"
    expected = [[0, "3 is too young"], [1, "a"], [2, "echo"], [3, "Wordless"], [4, loud]]
    assert _batch(rows) == [[None] * 5, 1, expected]


def test_a_row_that_only_says_that_it_is_rejected_is_refused() -> None:
    class Pretender:
        @property  # type: ignore[misc]
        def __class__(self) -> type:
            return Rejected

    with pytest.raises(CallFailure) as caught:
        _batch([Pretender(), Rejected("a")])
    assert caught.value.error["path"] == "[0]"


@pytest.mark.parametrize("rows", [[], [1, None], [(1,), {"a": Rejected("a")}]])
def test_rows_of_which_none_is_rejected_are_not_copied(rows: list[Any]) -> None:
    kept, rejected = set_aside(rows)

    assert kept is rows
    assert rejected == []


def test_a_reason_may_have_a_lone_surrogate() -> None:
    assert _batch([2**64, Rejected("a\ud800")]) == [
        [Ext(0x51, (2**64).to_bytes(9, "little")), None],
        1,
        [[1, Ext(0x56, b"a\x00\x00\xd8")]],
    ]


def test_a_reason_may_be_text_that_is_forbidden_as_a_key() -> None:
    assert _batch([1, Rejected("__proto__")]) == [[1, None], 1, [[1, "__proto__"]]]


def test_a_reason_over_64_kib_is_cut_as_a_message_is() -> None:
    (reason,) = [reason for _, reason in _batch([Rejected("x" * 100_000)])[2]]

    assert len(reason) < 66_000
    assert "34464 bytes are left out here" in reason


def test_refs_and_values_of_every_kind_may_stand_beside_a_rejected() -> None:
    body = Encoder(refs_holding_seven()).encode_batch_result([HELD, Rejected("a"), (1,)], 1)

    value, _, rejected = msgspec.msgpack.decode(body)
    assert value == [Ext(0x57, b"\x07\0\0\0"), None, Ext(0x52, b"\x91\x01")]
    assert rejected == [[1, "a"]]


def test_a_value_that_cannot_be_carried_is_named_by_its_own_place() -> None:
    with pytest.raises(CallFailure) as caught:
        _batch([Rejected("a"), {"b": object()}])

    assert (caught.value.error["path"], caught.value.error["type"]) == ("[1].b", "object")


@pytest.mark.parametrize(
    ("function", "kind", "body", "path"),
    [
        ("give_back_rejected", Kind.CALL, [["alone"], {}, "value"], ""),
        ("give_back_rejected", Kind.CALL, [["in a list"], {}, "value"], "[0]"),
        ("give_back_rejected", Kind.CALL, [["in a dict"], {}, "value"], ".a[0]"),
        ("give_back_nested_rejected", Kind.BATCH, [[1, 2]], "[0][0]"),
    ],
)
def test_anywhere_else_it_is_refused_by_name(
    function: str, kind: Kind, body: list[Any], path: str, runtime: Runtime
) -> None:
    answer, error = _ask(runtime, kind, "sample", function, *body)

    assert (answer, error["code"], error["path"]) == (Kind.ERROR, "value", path)
    assert error["type"] == "slither_worker.Rejected"
    assert error["hint"] == "it may only stand in place of the result of a record; or raise it"


def test_it_may_be_kept_behind_a_ref_as_any_object(runtime: Runtime) -> None:
    kind, (ref, name, _) = _ask(runtime, Kind.CALL, "sample", "give_back_rejected", ["alone"], {}, "ref")

    assert (kind, name) == (Kind.REF, "slither_worker.Rejected")
    assert _ask(runtime, Kind.REF_GET, ref, "reason", "value")[1][0] == "too old"


def test_raised_it_is_an_exception_as_any(runtime: Runtime) -> None:
    kind, error = _ask(runtime, Kind.CALL, "sample", "give_back_rejected", ["raised"], {}, "value")

    assert (kind, error["code"], error["message"]) == (Kind.ERROR, "exception", "too old")
    assert (error["type"], error["module"], error["bases"]) == (
        "Rejected",
        "slither_worker",
        ["builtins.Exception"],
    )


def test_a_raised_subclass_is_known_by_its_bases() -> None:
    assert exception_map(Underage(3))["bases"] == ["slither_worker.Rejected", "builtins.Exception"]


@pytest.mark.parametrize(
    ("reason", "name"), [(None, "NoneType"), (3, "int"), (b"a", "bytes"), (["a"], "list")]
)
def test_a_reason_that_is_no_text_is_refused(reason: Any, name: str) -> None:
    with pytest.raises(TypeError, match=f"^expected the reason as text, got {name}$"):
        Rejected(reason)


def test_an_empty_reason_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected the reason as text that is not empty, got ''$"):
        Rejected("")


def test_its_text_is_the_reason() -> None:
    assert (str(Rejected("a")), Rejected("a").reason) == ("a", "a")
    assert repr(Rejected("a")) == "Rejected('a')"


def test_the_reason_of_an_enum_of_text_is_its_value() -> None:
    assert type(Rejected(Reason.OLD).reason) is str
    assert Rejected(Reason.OLD).reason == "too old"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_it_goes_through_pickle_as_from_a_pool_of_processes(again: Any) -> None:
    made = again(Rejected("a"))

    assert type(made) is Rejected
    assert made.reason == "a"
