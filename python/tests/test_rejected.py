"""Records that a batch function sets aside."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec
import pytest
from batches import Answer, ask, batch, carry_out, failure_of, giving_back
from golden import HELD, refs_holding_seven
from hypothesis import given, strategies
from msgspec.msgpack import Ext

from slither_worker import Rejected
from slither_worker.batch import Batch
from slither_worker.encode import Encoder
from slither_worker.errors import exception_map
from slither_worker.interrupts import begin_call, end_call
from slither_worker.protocol import Kind
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


def _batch(results: list[Any]) -> Answer:
    return carry_out(Runtime(), giving_back(results))


def test_a_batch_gives_the_other_results_and_the_reasons_with_their_indexes(runtime: Runtime) -> None:
    answer = carry_out(runtime, batch("set_aside", [1, "a", 2.5, "b"]))

    assert answer.results == [1, 2.5]
    assert answer.left == [[1, 0, "a"], [3, 0, "b"]]


def test_a_batch_in_which_nothing_is_rejected_has_all_its_rows(runtime: Runtime) -> None:
    answer = carry_out(runtime, batch("set_aside", [1, None, [2]]))

    assert (answer.results, answer.left) == ([1, None, [2]], [])


@strategies.composite
def _batches(draw: strategies.DrawFn) -> tuple[list[Any], dict[int, str]]:
    plain = [1, None, "text", 2.5, {"a": [1]}]
    rows = draw(strategies.lists(strategies.sampled_from([*plain, (1, "a"), 2**70])))
    indexes = strategies.sets(strategies.integers(0, max(0, len(rows) - 1)))
    reasons = {index: draw(strategies.text(min_size=1)) for index in draw(indexes) if index < len(rows)}
    return rows, reasons


@given(_batches())
def test_the_rejected_rows_are_left_out_and_all_others_what_they_would_be(
    batch: tuple[list[Any], dict[int, str]],
) -> None:
    rows, reasons = batch
    given_back = [Rejected(reasons[index]) if index in reasons else row for index, row in enumerate(rows)]
    before = list(given_back)
    answer = _batch(given_back)

    expected = [row for index, row in enumerate(rows) if index not in reasons]
    assert answer.results == _batch(expected).results
    assert answer.left == [[index, 0, reasons[index]] for index in sorted(reasons)]
    assert all(now is then for now, then in zip(given_back, before, strict=True))


def test_one_rejected_may_stand_in_many_rows() -> None:
    rejected = Rejected("a")

    assert _batch([rejected, 1, rejected]).rejected == [[0, "a"], [2, "a"]]


def test_a_subclass_is_rejected_with_its_text() -> None:
    rows = [Underage(3), Rejected("a"), Echoing("b"), Wordless(), Loud("c")]

    loud = "<no message: SystemExit in __str__ of Loud>"
    expected = [[0, "3 is too young"], [1, "a"], [2, "echo"], [3, "Wordless"], [4, loud]]
    assert _batch(rows).rejected == expected


def test_a_row_that_only_says_that_it_is_rejected_is_refused() -> None:
    class Pretender:
        @property  # type: ignore[misc]
        def __class__(self) -> type:
            return Rejected

    error = failure_of(Runtime(), giving_back([Pretender(), Rejected("a")]))

    assert error["path"] == "[0]"


@pytest.mark.parametrize("rows", [[], [1, None], [(1,), {"a": Rejected("a")}]])
def test_rows_of_which_none_is_rejected_are_not_copied(rows: list[Any]) -> None:
    kept, rejected = set_aside(rows)

    assert kept is rows
    assert rejected == []


def test_a_reason_may_have_a_lone_surrogate() -> None:
    answer = _batch([2**64, Rejected("a\ud800")])

    assert answer.results == [Ext(0x51, (2**64).to_bytes(9, "little"))]
    assert answer.rejected == [[1, Ext(0x56, b"a\x00\x00\xd8")]]


def test_a_reason_may_be_text_that_is_forbidden_as_a_key() -> None:
    assert _batch([1, Rejected("__proto__")]).rejected == [[1, "__proto__"]]


def test_a_reason_over_64_kib_is_cut_as_a_message_is() -> None:
    [[_, reason]] = _batch([Rejected("x" * 100_000)]).rejected

    assert len(reason) < 66_000
    assert "34464 bytes are left out here" in reason


def test_refs_and_values_of_every_kind_may_stand_beside_a_rejected() -> None:
    made = Batch([HELD, None, (1,)], fails_by_row=False)
    made.drop(0, [(1, "a")])
    body = Encoder(refs_holding_seven()).encode_batch(made, 0, [], [])

    (_, _, rows), _, left, _ = msgspec.msgpack.decode(body)
    assert rows == [Ext(0x57, b"\x07\0\0\0"), Ext(0x52, b"\x91\x01")]
    assert left == [[1, 0, "a"]]


def test_a_value_that_cannot_be_carried_is_named_by_its_own_place() -> None:
    error = failure_of(Runtime(), giving_back([Rejected("a"), {"b": object()}]))

    assert (error["path"], error["type"]) == ("[1].b", "object")


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        (Kind.CALL, ["sample", "give_back_rejected", ["alone"], {}, "value"], ""),
        (Kind.CALL, ["sample", "give_back_rejected", ["in a list"], {}, "value"], "[0]"),
        (Kind.CALL, ["sample", "give_back_rejected", ["in a dict"], {}, "value"], ".a[0]"),
        (Kind.BATCH, batch("give_back_nested_rejected", [1, 2]), "[0][0]"),
    ],
)
def test_anywhere_else_it_is_refused_by_name(
    kind: Kind, body: list[Any], path: str, runtime: Runtime
) -> None:
    answer, error = ask(runtime, kind, *body)

    assert (answer, error["code"], error["path"]) == (Kind.ERROR, "value", path)
    assert error["type"] == "slither_worker.Rejected"
    assert error["hint"] == "it may only stand in place of the result of a record; or raise it"


def test_it_may_be_kept_behind_a_ref_as_any_object(runtime: Runtime) -> None:
    kind, (ref, name, _) = ask(runtime, Kind.CALL, "sample", "give_back_rejected", ["alone"], {}, "ref")

    assert (kind, name) == (Kind.REF, "slither_worker.Rejected")
    assert ask(runtime, Kind.REF_GET, ref, "reason", "value")[1][0] == "too old"


def test_raised_it_is_an_exception_as_any(runtime: Runtime) -> None:
    kind, error = ask(runtime, Kind.CALL, "sample", "give_back_rejected", ["raised"], {}, "value")

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
