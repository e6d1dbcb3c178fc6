"""Batches whose function takes one payload."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from batches import Answer, ask, batch, carry_out, failure_of, step, steps
from hypothesis import given, strategies
from msgspec.msgpack import Ext

from slither_worker import Rejected, encode
from slither_worker.each import map_each
from slither_worker.errors import CallFailure
from slither_worker.interrupts import begin_call, end_call
from slither_worker.protocol import MAX_DEPTH, Kind
from slither_worker.runtime import Runtime


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    begin_call(1)  # As the worker does: nothing of an earlier test counts as this call's.
    runtime = Runtime()
    _judged(runtime)
    yield runtime
    end_call()


def _each(runtime: Runtime, *payloads: object) -> Answer:
    return carry_out(runtime, batch("judge_one", list(payloads), form="each"))


def _map(function: Any, payloads: list[Any]) -> list[Any]:
    begin_call(1)
    return steps([step(function, "each")], payloads)


def _judged(runtime: Runtime) -> list[Any]:
    payloads: list[Any] = ask(runtime, Kind.CALL, "sample", "judged", [], {}, "value")[1][0]
    return payloads


def _error_of_call(runtime: Runtime, *body: object) -> dict[str, Any]:
    kind, error = ask(runtime, Kind.CALL, "sample", *body, {}, "value")
    assert kind == Kind.ERROR
    assert isinstance(error, dict)
    return error


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_the_function_is_called_once_for_each_payload_in_order(runtime: Runtime) -> None:
    answer = _each(runtime, 3, None, "a", 1)

    assert (answer.results, answer.left) == ([3, None, "a", 1], [])
    assert _judged(runtime) == [3, None, "a", 1]


def test_a_batch_of_nothing_has_no_results(runtime: Runtime) -> None:
    answer = _each(runtime)

    assert (answer.results, answer.left) == ([], [])


def test_what_is_raised_for_one_payload_is_the_failure_of_its_row(runtime: Runtime) -> None:
    results, _, [[index, step, error]], _ = _each(runtime, 1, "raise", 3)

    assert (results, index, step) == ([1, 3], 1, 0)
    assert (error["code"], error["type"], error["cause"]["type"]) == (
        "exception",
        "LookupError",
        "ValueError",
    )
    assert _judged(runtime) == [1, "raise", 3]


def test_a_failed_row_is_described_as_a_failed_call_is(runtime: Runtime) -> None:
    [[_, error]] = _each(runtime, "raise").failed

    assert error == _error_of_call(runtime, "judge_one", ["raise"])
    assert 'sample.py", line' in error["traceback"].splitlines()[1]
    assert "each.py" not in error["traceback"]


def test_one_failed_row_is_not_the_context_of_the_next(runtime: Runtime) -> None:
    failed = _each(runtime, "stop", "stop").failed

    assert [(index, error["type"], error["cause"]) for index, error in failed] == [
        (0, "StopIteration", None),
        (1, "StopIteration", None),
    ]


def test_rejected_may_be_given_back_or_raised(runtime: Runtime) -> None:
    payloads = ["raise Rejected", 2, "give back Rejected", "raise", "raise Rejected"]
    answer = _each(runtime, *payloads)

    assert answer.results == [2]
    assert answer.rejected == [[0, "too old"], [2, "too young"], [4, "too old"]]
    assert [index for index, _ in answer.failed] == [3]


def test_rejected_rows_are_answered_as_those_of_a_batch_function(runtime: Runtime) -> None:
    answer = _each(runtime, "raise Rejected")
    other = carry_out(runtime, batch("set_aside", ["too old"]))

    assert (answer.results, answer.left) == (other.results, other.left) == ([], [[0, 0, "too old"]])


def test_a_result_that_cannot_be_carried_is_the_failure_of_its_row(runtime: Runtime) -> None:
    answer = _each(runtime, "a tuple", "a set", "a large integer", "raise Rejected")
    [[index, error]] = answer.failed

    assert answer.results == [Ext(0x52, b"\x92\x01\x02"), Ext(0x51, (2**70).to_bytes(9, "little"))]
    assert (answer.rejected, index) == ([[3, "too old"]], 1)
    assert (error["code"], error["direction"], error["path"]) == ("value", "result", ".a[1]")
    assert (error["type"], error["hint"]) == ("set", "convert it with sorted(...) or list(...)")


def test_rejected_inside_of_a_result_cannot_be_carried(runtime: Runtime) -> None:
    [[index, error]] = _each(runtime, 1, "nest Rejected").failed

    assert (index, error["code"], error["path"]) == (1, "value", "[0]")


def test_failures_of_both_kinds_are_those_of_their_rows(runtime: Runtime) -> None:
    failed = _each(runtime, "a set", "raise", 1, "a set", "raise").failed

    codes = {index: error["code"] for index, error in failed}
    assert codes == {0: "value", 1: "exception", 3: "value", 4: "exception"}


@pytest.mark.parametrize("others", [[], ["a set"]])
def test_a_failure_may_have_a_lone_surrogate(others: list[str], runtime: Runtime) -> None:
    [[_, error], *_] = _each(runtime, "raise a lone surrogate", *others).failed

    assert error["message"] == Ext(0x56, "half \ud800".encode("utf-16-le", "surrogatepass"))


@pytest.mark.parametrize(("levels", "refused"), [(MAX_DEPTH, []), (MAX_DEPTH + 1, [1])])
def test_each_result_may_nest_as_deep_as_that_of_a_call(
    levels: int, refused: list[int], runtime: Runtime
) -> None:
    body = _map(lambda payload: _nested(levels) if payload else 0, [False, True])

    assert [index for index, _ in carry_out(runtime, body).failed] == refused


def test_a_result_that_is_too_large_fails_alone(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 5_000)
    answer = _each(runtime, 1, "a long text", 3)
    [[index, error]] = answer.failed

    assert (answer.results, index, error["code"], error["path"]) == ([1, 3], 1, "value", "")


def test_results_that_are_too_large_together_fail_together(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 5_000)
    error = failure_of(runtime, _map(lambda _: "x" * 1_000, list(range(10))))

    assert (error["code"], error["path"], error["step"]) == ("value", "", 0)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [("memory", "MemoryError"), ("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt")],
)
def test_what_says_nothing_about_one_payload_fails_the_whole_batch(
    payload: str, kind: str, runtime: Runtime
) -> None:
    error = failure_of(runtime, batch("judge_one", [1, payload, 3], form="each"))

    assert (error["code"], error["type"]) == ("exception", kind)
    assert _judged(runtime) == [1, payload]


def test_a_function_that_cannot_be_found_fails_the_whole_batch(runtime: Runtime) -> None:
    missing = failure_of(runtime, batch("a", [1], form="each", module="slither_none"))
    misspelt = failure_of(runtime, batch("judge_on", [1], form="each"))

    assert missing["code"] == "module_not_found"
    assert misspelt["suggestions"][0] == "judge_one"


def test_an_argument_that_does_not_fit_is_the_failure_of_its_row(runtime: Runtime) -> None:
    answer = carry_out(runtime, batch("len", ["ab", 3], form="each", module="builtins"))

    assert answer.results == [2]
    assert [(index, error["type"]) for index, error in answer.failed] == [(1, "TypeError")]


class _RaiseAtLine:
    """Raises before one of the lines of the loop over the payloads, as a signal handler of user code may."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __enter__(self) -> None:
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_name != "go_on":
            return None
        if event == "line":
            self._left -= 1
            if self._left == 0:
                raise TimeoutError("an alarm of user code")
        return self._trace


@pytest.mark.parametrize("line", range(1, 13))
def test_what_a_signal_handler_raises_puts_no_result_in_the_place_of_another(line: int) -> None:
    begin_call(1)
    with _RaiseAtLine(line):
        mapped = map_each(lambda payload: payload, [0, 1, 2])

    [[index, error]] = mapped.failed
    assert error["type"] == "TimeoutError"
    assert mapped.rows == [None if row == index else row for row in range(3)]


def test_what_a_signal_handler_raises_behind_the_last_payload_fails_the_whole_batch() -> None:
    begin_call(1)
    with pytest.raises(CallFailure) as caught, _RaiseAtLine(13):
        map_each(lambda payload: payload, [0, 1, 2])

    assert caught.value.error["type"] == "TimeoutError"


def _meet(outcome: str) -> Any:
    if outcome == "raise":
        raise ValueError("bad")
    if outcome == "raise Rejected":
        raise Rejected("bad")
    return {"plain": 1, "tuple": (), "reject": Rejected("bad"), "refuse": object()}[outcome]


_CARRIED = {"plain": 1, "tuple": Ext(0x52, b"\x90")}
_REJECTED = {"raise Rejected", "reject"}
_FAILED = {"raise": "exception", "refuse": "value"}


@given(strategies.lists(strategies.sampled_from(sorted({*_CARRIED, *_REJECTED, *_FAILED}))))
def test_every_row_has_its_own_outcome_whatever_the_others_have(outcomes: list[str]) -> None:
    answer = carry_out(Runtime(), _map(_meet, outcomes))

    numbered = list(enumerate(outcomes))
    assert answer.results == [_CARRIED[outcome] for outcome in outcomes if outcome in _CARRIED]
    assert answer.rejected == [[index, "bad"] for index, outcome in numbered if outcome in _REJECTED]
    assert {index: error["code"] for index, error in answer.failed} == {
        index: _FAILED[outcome] for index, outcome in numbered if outcome in _FAILED
    }
