"""Batches on their way through several functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from batches import BEFORE, Answer, batch, carry_out, failure_of, step, steps
from exactly import exactly_equal
from hypothesis import given
from hypothesis import strategies as st

from slither_worker import Rejected, encode
from slither_worker.batch import Batch, Step
from slither_worker.interrupts import begin_call, end_call
from slither_worker.runtime import Runtime
from slither_worker.table import FEWEST_ROWS


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    begin_call(1)  # As the worker does: nothing of an earlier test counts as this call's.
    yield Runtime()
    end_call()


def _add_one(rows: list[Any]) -> list[Any]:
    return [row + 1 for row in rows]


def _reject_odd(rows: list[Any]) -> list[Any]:
    return [Rejected(f"{row} is odd") if row % 2 else row for row in rows]


def _reject_every(number: int) -> Callable[[Any], Any]:
    return lambda row: Rejected(f"{row} of {number}") if row % number == 0 else row


def _refuse(_: Any) -> Any:
    raise ValueError("bad")


def _must_not_be_called(_: Any) -> Any:
    raise AssertionError("no row has come so far")


def test_a_function_gets_what_the_one_before_it_gave_back(runtime: Runtime) -> None:
    seen: list[Any] = []

    def note(row: int) -> int:
        seen.append(row)
        return row

    answer = carry_out(runtime, steps([step(_add_one), step(note, "each"), step(_add_one)], [1, 2, 3]))

    assert (answer.results, seen, answer.left) == ([3, 4, 5], [2, 3, 4], [])


def test_values_between_functions_need_not_be_such_that_can_be_carried(runtime: Runtime) -> None:
    held = step(lambda row: {row, object}, "each")
    answer = carry_out(runtime, steps([held, step(len, "each"), step(_add_one)], ["a", "b"]))

    assert answer.results == [3, 3]


def test_rows_that_leave_keep_their_numbers_whoever_has_left_before(runtime: Runtime) -> None:
    functions = [step(_reject_odd), step(_reject_every(6), "each"), step(_reject_every(4), "each")]
    answer = carry_out(runtime, steps(functions, [1, 2, 12, 3, 4, 8, 10]))

    assert answer.results == [2, 10]
    assert answer.left == [
        [0, 0, "1 is odd"],
        [3, 0, "3 is odd"],
        [2, 1, "12 of 6"],
        [4, 2, "4 of 4"],
        [5, 2, "8 of 4"],
    ]


def test_a_function_is_not_called_for_no_rows(runtime: Runtime) -> None:
    functions = [step(_reject_every(1), "each"), step(_must_not_be_called), step(_must_not_be_called, "each")]
    answer = carry_out(runtime, steps(functions, [1, 2], [1, [0, 1]]))

    assert (answer.results, answer.taps) == ([], [[1, []]])
    assert [(index, number) for index, number, _ in answer.left] == [(0, 0), (1, 0)]
    assert carry_out(runtime, steps([step(_must_not_be_called)], [])).results == []


def test_taps_have_the_rows_that_were_asked_for_and_have_come_so_far(runtime: Runtime) -> None:
    functions = [step(_reject_odd), step(_add_one)]
    answer = carry_out(runtime, steps(functions, [2, 3, 4, 6], [0, [3, 1, 0]], [0, []], [1, [2]]))

    assert answer.taps == [[0, [2, 6]], [0, []], [1, [5]]]
    assert answer.results == [3, 5, 7]


def test_taps_have_rows_as_they_were_before_the_next_function_changed_them(runtime: Runtime) -> None:
    def change(rows: list[Any]) -> list[Any]:
        for row in rows:
            row["a"].append("changed")
        rows.reverse()
        return rows

    functions = [step(lambda rows: [{"a": [row]} for row in rows]), step(change)]
    answer = carry_out(runtime, steps(functions, [1, 2], [0, [0, 1]]))

    assert answer.taps == [[0, [{"a": [1]}, {"a": [2]}]]]
    assert answer.results == [{"a": [2, "changed"]}, {"a": [1, "changed"]}]


def test_taps_may_travel_in_columns(runtime: Runtime) -> None:
    rows = [{"a": index, "b": None} for index in range(FEWEST_ROWS)]
    answer = carry_out(runtime, steps([step(list), step(_of_field)], rows, [0, list(range(FEWEST_ROWS))]))

    assert exactly_equal(answer.taps, [[0, rows]])
    assert answer.results == list(range(FEWEST_ROWS))


def _of_field(rows: list[Any]) -> list[Any]:
    return [row["a"] for row in rows]


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    ("function", "code"),
    [(_refuse, "exception"), (lambda _: [], "batch_result"), (lambda rows: rows.append(1), "batch_result")],
)
def test_what_fails_as_a_whole_has_the_number_of_its_step(
    function: Callable[..., Any], code: str, number: int, runtime: Runtime
) -> None:
    functions = [step(_must_not_be_called if later > number else _add_one) for later in range(3)]
    functions[number] = step(function)
    error = failure_of(runtime, steps(functions, [1, 2]))

    assert (error["code"], error["step"]) == (code, number)


def test_a_function_that_cannot_be_found_fails_in_its_step(runtime: Runtime) -> None:
    error = failure_of(runtime, steps([step(_add_one), ["sample", "nothing", "each"]], [1]))

    assert (error["code"], error["step"]) == ("function_not_found", 1)


def test_what_says_nothing_about_one_row_fails_in_its_step(runtime: Runtime) -> None:
    functions = [step(_add_one), ["sample", "judge_one", "each"], step(_must_not_be_called)]
    error = failure_of(runtime, steps([step(list), *functions[1:]], ["memory"]))

    assert (error["type"], error["step"]) == ("MemoryError", 1)


@pytest.mark.parametrize("form", ["list", "each"])
def test_a_row_that_fails_by_itself_does_so_in_a_step_that_takes_single_rows(
    form: str, runtime: Runtime
) -> None:
    def judge(row: Any) -> Any:
        if row == 3:
            raise ValueError("bad")
        return row

    answer = carry_out(
        runtime, steps([step(_add_one), step(judge, "each"), step(_same(form), form)], [1, 2, 3])
    )

    assert answer.results == [2, 4]
    [[index, number, error]] = answer.left
    assert (index, number, error["type"]) == (1, 1, "ValueError")


def _same(form: str) -> Callable[[Any], Any]:
    return list if form == "list" else lambda row: row


def _sets_for_one(rows: list[Any]) -> list[Any]:
    return [{"a": {row}} if row == 1 else row for row in rows]


def test_a_last_result_that_cannot_be_carried_fails_in_the_last_step(runtime: Runtime) -> None:
    error = failure_of(runtime, steps([step(list), step(_sets_for_one)], [5, 1]))

    assert (error["code"], error["type"], error["step"]) == ("value", "set", 1)


def test_what_cannot_be_carried_is_named_by_its_place_in_what_its_function_gave_back(
    runtime: Runtime,
) -> None:
    functions = [step(_reject_every(7), "each"), step(lambda rows: [Rejected("a"), *_sets_for_one(rows[1:])])]
    error = failure_of(runtime, steps(functions, [7, 14, 2, 3, 1]))

    assert error["path"] == "[2].a"


def test_a_tap_that_cannot_be_carried_fails_in_its_step(runtime: Runtime) -> None:
    functions = [
        step(_sets_for_one),
        step(lambda rows: [Rejected("a"), *rows[1:]]),
        step(_must_not_be_called),
    ]
    error = failure_of(runtime, steps(functions, [4, 5, 1], [1, [2]]))

    assert (error["code"], error["path"], error["step"]) == ("value", "[2].a", 1)
    assert failure_of(runtime, steps([functions[0]], [1, 4, 1], [0, [2]]))["path"] == "[2].a"
    assert carry_out(runtime, steps([functions[0], step(_of_length)], [4, 1], [0, [0]])).results == [2, 2]


def _of_length(rows: list[Any]) -> list[Any]:
    return [len(rows)] * len(rows)


def test_of_single_rows_what_cannot_be_carried_leaves_with_its_own_number(runtime: Runtime) -> None:
    functions = [step(_reject_odd), step(lambda row: {row} if row == 4 else row, "each")]
    answer = carry_out(runtime, steps(functions, [1, 2, 3, 4, 6]))

    assert answer.results == [2, 6]
    [[index, number, error]] = [left for left in answer.left if left[0] == 3]
    assert (index, number, error["code"], error["path"]) == (3, 1, "value", "")
    assert answer.rejected == [[0, "1 is odd"], [2, "3 is odd"]]


def test_a_tap_fits_into_no_frame_together_with_the_results(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode, "MAX_BODY_BYTES", 1_500)
    body = steps([step(list), step(list)], ["x" * 1_000], [0, [0]])
    error = failure_of(runtime, body)

    assert (error["code"], error["path"], error["step"]) == ("value", "", 1)
    assert carry_out(runtime, [*body[:2], [], None, None]).results == ["x" * 1_000]


def test_a_function_may_do_as_it_likes_with_its_list(runtime: Runtime) -> None:
    def empty(rows: list[Any]) -> list[Any]:
        given = list(rows)
        rows.clear()
        return given

    answer = carry_out(runtime, steps([step(empty), step(_reject_odd), step(empty)], [2, 3, 4], [0, [1]]))

    assert (answer.results, answer.taps, answer.left) == ([2, 4], [[0, [3]]], [[1, 1, "3 is odd"]])


def test_a_function_may_give_back_its_own_list(runtime: Runtime) -> None:
    def reject_in_place(rows: list[Any]) -> list[Any]:
        rows[0] = Rejected("first")
        return rows

    answer = carry_out(runtime, steps([step(reject_in_place), step(reject_in_place)], [1, 2, 3]))

    assert (answer.results, answer.left) == ([3], [[0, 0, "first"], [1, 1, "first"]])


def test_a_list_that_a_function_gave_back_stays_as_it_is(runtime: Runtime) -> None:
    given_back = [1, Rejected("a"), 3]
    carry_out(runtime, steps([step(lambda _: given_back), step(_add_one)], [0, 0, 0]))

    assert [given_back[0], given_back[2]] == [1, 3]
    assert type(given_back[1]) is Rejected


def test_stamps_are_those_of_what_happened_one_after_the_other(runtime: Runtime) -> None:
    def sleep(rows: list[Any]) -> list[Any]:
        time.sleep(0.02)
        return rows

    began = time.monotonic()
    stamps = carry_out(runtime, steps([step(sleep), step(list), step(sleep)], [1])).stamps

    free, received, decoded, *by_turns, encoded = stamps
    assert (free, received, len(by_turns)) == (*BEFORE, 5)
    assert all(earlier <= later for earlier, later in pairwise([began, decoded, *by_turns, encoded]))
    assert encoded <= time.monotonic()
    assert min(by_turns[0] - decoded, by_turns[4] - by_turns[3]) >= 0.02


@pytest.mark.usefixtures("runtime")
def test_the_time_in_which_taps_are_encoded_is_not_that_of_their_step() -> None:
    made = Batch([1], fails_by_row=False)
    done: list[float] = []
    made.carry_out([Step("builtins", "list", "list")], lambda _: done.append(time.monotonic()))

    assert made.stamps[0] <= done[0]


@pytest.mark.usefixtures("runtime")
def test_the_time_in_which_taps_are_encoded_is_not_that_of_the_step_behind_them() -> None:
    made = Batch([1], fails_by_row=False)
    done: list[float] = []
    step = Step("builtins", "list", "list")
    made.carry_out([step, step], lambda _: done.append(time.monotonic()))

    _, began, _ = made.stamps
    assert began >= done[0]


def test_the_time_of_a_row_that_fails_is_part_of_its_step(runtime: Runtime) -> None:
    def sleep_and_raise(seconds: float) -> None:
        time.sleep(seconds)
        raise ValueError(seconds)

    _, _, decoded, end, _ = carry_out(runtime, steps([step(sleep_and_raise, "each")], [0.02, 0.03])).stamps

    assert end - decoded >= 0.05


def test_a_batch_that_came_in_columns_is_made_of_rows(runtime: Runtime) -> None:
    table = [2, ["id", ["at", ["x", "y"]]], [["a", "b"], [1, 2], [3.5, None]]]
    answer = carry_out(runtime, [[["sample", "set_aside", "list"]], table, [], None, None])

    assert exactly_equal(
        answer.results, [{"id": "a", "at": {"x": 1, "y": 3.5}}, {"id": "b", "at": {"x": 2, "y": None}}]
    )


def test_a_trace_that_is_named_changes_nothing(runtime: Runtime) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    assert carry_out(runtime, [*batch("double_batch", [1, 2])[:3], parent, None]).results == [2, 4]


FATES = ["goes on", "goes on", "goes on", "is rejected", "raises"]


@st.composite
def _journeys(draw: st.DrawFn) -> tuple[list[str], list[list[str]], list[list[Any]]]:
    forms = draw(st.lists(st.sampled_from(["list", "each"]), min_size=1, max_size=4))
    fate = st.lists(st.sampled_from(FATES), min_size=len(forms), max_size=len(forms))
    rows = draw(st.lists(fate, max_size=20))
    indices = st.lists(st.integers(0, 19), unique=True)
    taps = draw(st.lists(st.tuples(st.integers(0, len(forms) - 1), indices).map(list), max_size=3))
    # In a step that takes all rows, one that raises would end the batch.
    fates = [
        [
            "is rejected" if fate == "raises" and form == "list" else fate
            for fate, form in zip(row, forms, strict=True)
        ]
        for row in rows
    ]
    return forms, fates, sorted(taps, key=lambda tap: tap[0])


def _carry_out_journey(forms: list[str], fates: list[list[str]], taps: list[list[Any]]) -> Answer:
    def one(number: int) -> Callable[[Any], Any]:
        def meet(row: Any) -> Any:
            index, steps_done = row["index"], row["done"]
            assert steps_done == number
            fate = fates[index][number]
            if fate == "raises":
                raise ValueError(index)
            return Rejected(f"row {index}") if fate == "is rejected" else {"index": index, "done": number + 1}

        return meet

    def function(number: int, form: str) -> list[str]:
        meet = one(number)
        return step(meet if form == "each" else lambda rows: [meet(row) for row in rows], form)

    functions = [function(number, form) for number, form in enumerate(forms)]
    begin_call(1)
    payloads = [{"index": index, "done": 0} for index in range(len(fates))]
    return carry_out(Runtime(), steps(functions, payloads, *taps))


@given(_journeys())
def test_each_row_has_the_fate_that_it_would_have_alone(
    journey: tuple[list[str], list[list[str]], list[list[Any]]],
) -> None:
    forms, fates, taps = journey
    answer = _carry_out_journey(*journey)

    ends = [next((n for n, fate in enumerate(row) if fate != "goes on"), len(forms)) for row in fates]
    came_through = [index for index, end in enumerate(ends) if end == len(forms)]
    assert answer.results == [{"index": index, "done": len(forms)} for index in came_through]
    assert sorted((index, number) for index, number, _ in answer.left) == [
        (index, end) for index, end in enumerate(ends) if end < len(forms)
    ]
    assert all(why == f"row {index}" for index, why in answer.rejected)
    assert {index for index, _ in answer.failed} == {
        index for index, end in enumerate(ends) if "raises" in fates[index][end : end + 1]
    }
    assert answer.taps == [
        [
            number,
            [{"index": i, "done": number + 1} for i, end in enumerate(ends) if i in indices and end > number],
        ]
        for number, indices in taps
    ]


def test_payloads_that_come_in_later_are_given_to_the_later_functions_alone(runtime: Runtime) -> None:
    seen: list[list[int]] = []

    def note(rows: list[int]) -> list[int]:
        seen.append(rows)
        return [row + 1 for row in rows]

    body = steps([step(note), step(note), step(note)], [0, 10, 20, 30], entries=[[2, [0]], [1, [2]]])

    answer = carry_out(runtime, body)

    assert seen == [[10, 30], [11, 20, 31], [0, 12, 21, 32]]
    assert (answer.results, answer.left) == ([1, 13, 22, 33], [])


def test_a_step_before_all_payloads_have_come_in_does_nothing(runtime: Runtime) -> None:
    body = steps([step(_must_not_be_called), step(_add_one)], [1, 2], entries=[[1, [0, 1]]])

    assert carry_out(runtime, body).results == [2, 3]


def test_payloads_that_come_in_later_have_no_part_in_the_taps_before(runtime: Runtime) -> None:
    body = steps([step(_add_one), step(_add_one)], [1, 2], [0, [0, 1]], [1, [0, 1]], entries=[[1, [0]]])

    assert carry_out(runtime, body).taps == [[0, [3]], [1, [2, 4]]]


@given(
    st.lists(st.integers(0, 3), max_size=20),
    st.integers(2, 4),
    st.sampled_from(["list", "each"]),
)
def test_what_comes_in_at_a_step_is_as_if_it_had_come_from_the_one_before(
    starts: list[int], odd: int, form: str
) -> None:
    begin_call(1)
    later = [min(start, 2) for start in starts]
    entries = [[number, [index for index, at in enumerate(later) if at == number]] for number in (1, 2)]
    reject = _reject_every(odd)
    function = reject if form == "each" else lambda rows: [reject(row) for row in rows]
    rows = list(range(len(starts)))

    answer = carry_out(Runtime(), steps([step(function, form)] * 3, rows, entries=entries))

    assert answer.results == [row for row in rows if row % odd]
    assert sorted(answer.left) == [[row, later[row], f"{row} of {odd}"] for row in rows if row % odd == 0]


def test_the_row_of_an_error_is_that_of_the_payload_when_others_come_in_later(runtime: Runtime) -> None:
    body = steps([step(_add_one), step(_refuse, "each")], [1, 2], entries=[[1, [0]]])

    assert [index for index, _ in carry_out(runtime, body).failed] == [0, 1]
