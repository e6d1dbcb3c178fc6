"""Batches whose function takes one payload."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies
from msgspec.msgpack import Ext

from slither_worker import Rejected, encode
from slither_worker.each import map_each
from slither_worker.encode import Encoder
from slither_worker.errors import CallFailure
from slither_worker.interrupts import begin_call, end_call
from slither_worker.protocol import MAX_DEPTH, Kind
from slither_worker.refs import Refs
from slither_worker.runtime import Runtime


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    begin_call(1)  # As the worker does: nothing of an earlier test counts as this call's.
    runtime = Runtime()
    _judged(runtime)
    yield runtime
    end_call()


def _ask(runtime: Runtime, kind: Kind, *body: object) -> tuple[Kind, Any]:
    answer = runtime.read(kind, msgspec.msgpack.encode(body))()
    assert answer is not None
    return answer[0], msgspec.msgpack.decode(answer[1])


def _each(runtime: Runtime, *payloads: object) -> tuple[list[Any], list[Any], list[Any]]:
    """Return what came of the payloads: values, rejected rows, failed rows."""
    kind, (value, _, *rest) = _ask(runtime, Kind.EACH, "sample", "judge_one", payloads)
    assert kind == Kind.RESULT
    rejected, failed = (*rest, [], [])[:2]
    return value, rejected, failed


def _judged(runtime: Runtime) -> list[Any]:
    payloads: list[Any] = _ask(runtime, Kind.CALL, "sample", "judged", [], {}, "value")[1][0]
    return payloads


def _error_of_call(runtime: Runtime, *body: object) -> dict[str, Any]:
    kind, error = _ask(runtime, Kind.CALL, "sample", *body, {}, "value")
    assert kind == Kind.ERROR
    assert isinstance(error, dict)
    return error


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_the_function_is_called_once_for_each_payload_in_order(runtime: Runtime) -> None:
    kind, body = _ask(runtime, Kind.EACH, "sample", "judge_one", [3, None, "a", 1])

    assert (kind, body[0], len(body)) == (Kind.RESULT, [3, None, "a", 1], 2)
    assert _judged(runtime) == [3, None, "a", 1]


def test_a_batch_of_nothing_has_no_results(runtime: Runtime) -> None:
    assert _each(runtime) == ([], [], [])


def test_what_is_raised_for_one_payload_is_the_failure_of_its_row(runtime: Runtime) -> None:
    value, rejected, [[index, error]] = _each(runtime, 1, "raise", 3)

    assert (value, rejected, index) == ([1, None, 3], [], 1)
    assert (error["code"], error["type"], error["cause"]["type"]) == (
        "exception",
        "LookupError",
        "ValueError",
    )
    assert _judged(runtime) == [1, "raise", 3]


def test_a_failed_row_is_described_as_a_failed_call_is(runtime: Runtime) -> None:
    _, _, [[_, error]] = _each(runtime, "raise")

    assert error == _error_of_call(runtime, "judge_one", ["raise"])
    assert 'sample.py", line' in error["traceback"].splitlines()[1]
    assert "each.py" not in error["traceback"]


def test_one_failed_row_is_not_the_context_of_the_next(runtime: Runtime) -> None:
    _, _, failed = _each(runtime, "stop", "stop")

    assert [(index, error["type"], error["cause"]) for index, error in failed] == [
        (0, "StopIteration", None),
        (1, "StopIteration", None),
    ]


def test_rejected_may_be_given_back_or_raised(runtime: Runtime) -> None:
    payloads = ["raise Rejected", 2, "give back Rejected", "raise", "raise Rejected"]
    value, rejected, failed = _each(runtime, *payloads)

    assert value == [None, 2, None, None, None]
    assert rejected == [[0, "too old"], [2, "too young"], [4, "too old"]]
    assert [index for index, _ in failed] == [3]


def test_rejected_rows_alone_are_answered_as_those_of_a_batch_function(runtime: Runtime) -> None:
    _, body = _ask(runtime, Kind.EACH, "sample", "judge_one", ["raise Rejected"])

    assert (body[0], body[2:]) == ([None], [[[0, "too old"]]])


def test_a_result_that_cannot_be_carried_is_the_failure_of_its_row(runtime: Runtime) -> None:
    value, rejected, [[index, error]] = _each(
        runtime, "a tuple", "a set", "a large integer", "raise Rejected"
    )

    assert value == [Ext(0x52, b"\x92\x01\x02"), None, Ext(0x51, (2**70).to_bytes(9, "little")), None]
    assert (rejected, index) == ([[3, "too old"]], 1)
    assert (error["code"], error["direction"], error["path"]) == ("value", "result", ".a[1]")
    assert (error["type"], error["hint"]) == ("set", "convert it with sorted(...) or list(...)")


def test_rejected_inside_of_a_result_cannot_be_carried(runtime: Runtime) -> None:
    _, _, [[index, error]] = _each(runtime, 1, "nest Rejected")

    assert (index, error["code"], error["path"]) == (1, "value", "[0]")


def test_failures_of_both_kinds_stand_in_the_order_of_their_rows(runtime: Runtime) -> None:
    _, _, failed = _each(runtime, "a set", "raise", 1, "a set", "raise")

    codes = [(index, error["code"]) for index, error in failed]
    assert codes == [(0, "value"), (1, "exception"), (3, "value"), (4, "exception")]


@pytest.mark.parametrize("others", [[], ["a set"]])
def test_a_failure_may_have_a_lone_surrogate(others: list[str], runtime: Runtime) -> None:
    _, _, [[_, error], *_] = _each(runtime, "raise a lone surrogate", *others)

    assert error["message"] == Ext(0x56, "half \ud800".encode("utf-16-le", "surrogatepass"))


@pytest.mark.parametrize(("levels", "refused"), [(MAX_DEPTH, []), (MAX_DEPTH + 1, [1])])
def test_each_result_may_nest_as_deep_as_that_of_a_call(levels: int, refused: list[int]) -> None:
    begin_call(1)
    mapped = map_each(lambda payload: _nested(levels) if payload else 0, [False, True])
    body = msgspec.msgpack.decode(Encoder(Refs()).encode_each_result(mapped))

    assert [index for index, _ in (body[3] if len(body) > 3 else [])] == refused


def test_a_result_that_is_too_large_fails_alone(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 5_000)
    value, _, [[index, error]] = _each(runtime, 1, "a long text", 3)

    assert (value, index, error["code"], error["path"]) == ([1, None, 3], 1, "value", "")


def test_results_that_are_too_large_together_fail_together(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_call(1)
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 5_000)
    mapped = map_each(lambda _: "x" * 1_000, list(range(10)))

    with pytest.raises(CallFailure) as caught:
        Encoder(Refs()).encode_each_result(mapped)
    assert (caught.value.error["code"], caught.value.error["path"]) == ("value", "")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [("memory", "MemoryError"), ("exit", "SystemExit"), ("interrupt", "KeyboardInterrupt")],
)
def test_what_says_nothing_about_one_payload_fails_the_whole_batch(
    payload: str, kind: str, runtime: Runtime
) -> None:
    answer, error = _ask(runtime, Kind.EACH, "sample", "judge_one", [1, payload, 3])

    assert (answer, error["code"], error["type"]) == (Kind.ERROR, "exception", kind)
    assert _judged(runtime) == [1, payload]


def test_a_function_that_cannot_be_found_fails_the_whole_batch(runtime: Runtime) -> None:
    assert _ask(runtime, Kind.EACH, "slither_none", "a", [1])[1]["code"] == "module_not_found"
    assert _ask(runtime, Kind.EACH, "sample", "judge_on", [1])[1]["suggestions"][0] == "judge_one"


def test_an_argument_that_does_not_fit_is_the_failure_of_its_row(runtime: Runtime) -> None:
    kind, (value, _, _, failed) = _ask(runtime, Kind.EACH, "builtins", "len", ["ab", 3])

    assert (kind, value) == (Kind.RESULT, [2, None])
    assert [(index, error["type"]) for index, error in failed] == [(1, "TypeError")]


def test_the_time_is_that_of_all_calls_together(runtime: Runtime) -> None:
    began = time.monotonic_ns()
    _, (_, nanoseconds) = _ask(runtime, Kind.EACH, "time", "sleep", [0.02, 0.03])

    assert 50_000_000 <= nanoseconds <= time.monotonic_ns() - began


def test_the_time_of_calls_that_raise_counts_too() -> None:
    begin_call(1)

    def sleep_and_raise(seconds: float) -> None:
        time.sleep(seconds)
        raise ValueError(seconds)

    assert map_each(sleep_and_raise, [0.02, 0.03]).nanoseconds >= 50_000_000


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


@pytest.mark.parametrize("line", range(1, 10))
def test_what_a_signal_handler_raises_puts_no_result_in_the_place_of_another(line: int) -> None:
    begin_call(1)
    with _RaiseAtLine(line):
        mapped = map_each(lambda payload: payload, [0, 1, 2])

    [[index, error]] = mapped.failed
    assert error["type"] == "TimeoutError"
    assert mapped.rows == [None if row == index else row for row in range(3)]


def test_what_a_signal_handler_raises_behind_the_last_payload_fails_the_whole_batch() -> None:
    begin_call(1)
    with pytest.raises(CallFailure) as caught, _RaiseAtLine(10):
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
    begin_call(1)
    mapped = map_each(_meet, outcomes)
    value, _, *rest = msgspec.msgpack.decode(Encoder(Refs()).encode_each_result(mapped))
    rejected, failed = (*rest, [], [])[:2]

    numbered = list(enumerate(outcomes))
    assert value == [_CARRIED.get(outcome) for outcome in outcomes]
    assert rejected == [[index, "bad"] for index, outcome in numbered if outcome in _REJECTED]
    assert [(index, error["code"]) for index, error in failed] == [
        (index, _FAILED[outcome]) for index, outcome in numbered if outcome in _FAILED
    ]
    assert len(rest) == (2 if failed else 1 if rejected else 0)
