"""Views, asked by code in a real worker."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy
import pytest
from msgspec.msgpack import Ext
from node_side import Forkserver, NodeSide, WorkerProcess, cancel_until_answered

from slither_worker import ViewError, ViewRefusedError, ViewTimeoutError
from slither_worker.ndarray import encode_array
from slither_worker.protocol import HEADER, Extension, Kind


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess() as worker:
        yield worker


@pytest.fixture
def node(worker: WorkerProcess) -> NodeSide:
    return worker.node


def begin(node: NodeSide, function: str, *args: object, **kwargs: object) -> int:
    call = node.next_call()
    node.send(Kind.CALL, ["asks", function, list(args), kwargs, "value"], call)
    return call


def question(node: NodeSide, call: int) -> list[Any]:
    """Wait for the next question, which must be of this call: number, name, params, keys and step."""
    message = node.receive()
    assert message is not None, "the worker is gone"
    assert message[:2] == (Kind.CALLBACK, call), message
    body: list[Any] = message[2]
    return body


def answer(node: NodeSide, call: int, number: int, value: object) -> None:
    node.send(Kind.CALLBACK_RESULT, [number, value], call)


def refuse(node: NodeSide, call: int, number: int, **error: object) -> None:
    node.send(Kind.CALLBACK_ERROR, [number, error], call)


def result(node: NodeSide, call: int) -> Any:
    kind, body = node.answer(call)
    assert kind == Kind.RESULT, body
    return body[0]


def told(node: NodeSide, function: str, *args: object) -> Any:
    """Return what a function gives back that asks nothing of Node."""
    return result(node, begin(node, function, *args))


def threads_of(worker: WorkerProcess) -> int:
    """Count the threads of a worker, also those that Python knows nothing of."""
    return len(os.listdir(f"/proc/{worker.process.pid}/task"))


def until_answered(node: NodeSide, call: int, answer_to: Callable[[list[Any]], object]) -> Any:
    """Answer the questions of a call as they come; returns its result."""
    while True:
        message = node.receive()
        assert message is not None, "the worker is gone"
        assert message[1] == call
        if message[0] != Kind.CALLBACK:
            assert message[0] == Kind.RESULT, message
            return message[2][0]
        answer(node, call, message[2][0], answer_to(message[2]))


def test_a_question_names_view_arguments_and_call_and_gets_its_answer(node: NodeSide) -> None:
    call = begin(node, "ask", "lookup", key=7, day="mon")
    number, *asked = question(node, call)
    answer(node, call, number, {"mean": 0.5})

    assert asked == ["lookup", {"key": 7, "day": "mon"}, None, 0]
    assert result(node, call) == {"mean": 0.5}


def test_keys_are_asked_for_in_one_question(node: NodeSide) -> None:
    call = begin(node, "ask", "lookup", keys=[1, 2, 3], day="mon")
    number, *asked = question(node, call)
    answer(node, call, number, [2, 4, None])

    assert asked == ["lookup", {"day": "mon"}, [1, 2, 3], 0]
    assert result(node, call) == [2, 4, None]


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("view_refused", ["ViewRefusedError", "ViewError", "Exception"]),
        ("view_timeout", ["ViewTimeoutError", "ViewError", "TimeoutError", "OSError", "Exception"]),
        ("view_failed", ["ViewError", "Exception"]),
    ],
)
def test_an_error_is_raised_as_its_class_with_text_and_view(
    code: str, kinds: list[str], node: NodeSide
) -> None:
    call = begin(node, "ask_or_tell", "lookup")
    number = question(node, call)[0]
    refuse(node, call, number, code=code, message="it\nsays so", view="lookup", type="RangeError")

    assert result(node, call) == [[*kinds, "BaseException", "object"], "it\nsays so", "lookup", "RangeError"]


def test_an_error_that_nobody_catches_has_its_public_name(node: NodeSide) -> None:
    call = begin(node, "ask", "lookup")
    refuse(node, call, question(node, call)[0], code="view_failed", message="no", view="lookup")
    kind, error = node.answer(call)

    assert kind == Kind.ERROR
    assert (error["code"], error["module"], error["type"]) == ("exception", "slither_worker", "ViewError")
    assert "view_desk.py" not in error["traceback"]


def test_what_is_sent_meanwhile_is_done_afterwards_in_its_order(node: NodeSide) -> None:
    call = begin(node, "ask", "lookup")
    number = question(node, call)[0]
    later = [node.begin("identity", index) for index in range(3)]
    node.send(Kind.RELEASE, [99])
    answer(node, call, number, "first")

    assert result(node, call) == "first"
    assert [result(node, each) for each in later] == [0, 1, 2]


def test_methods_refs_and_batches_ask_too(node: NodeSide) -> None:
    call = node.next_call()
    node.send(Kind.CALL, ["asks", "Asker", [], {}, "ref"], call)
    answer(node, call, question(node, call)[0], "made")
    _, (ref, *_) = node.answer(call)
    call = node.next_call()
    node.send(Kind.REF_CALL, [ref, "method", [], {}, "value"], call)
    answer(node, call, question(node, call)[0], "called")

    assert result(node, call) == ["made", "called"]


def test_a_batch_says_which_step_asks_and_a_call_after_it_does_not(node: NodeSide) -> None:
    call = node.next_call()
    steps = [
        ["sample", "identity", "list"],
        ["asks", "ask_for_all", "list"],
        ["asks", "ask_for_each", "each"],
    ]
    node.send(Kind.BATCH, [steps, [2, None, ["a", "b"]], [], None, None], call)
    asked = []
    for value in (["c", "d"], "e", "f"):
        number, name, _, _, step = question(node, call)
        asked.append([name, step])
        answer(node, call, number, value)
    kind, body = node.answer(call)
    call = begin(node, "ask", "lookup")

    assert kind == Kind.ROWS
    assert body[0] == [2, None, ["e", "f"]]
    assert asked == [["of many", 1], ["of one", 2], ["of one", 2]]
    assert question(node, call)[4] == 0


def test_arguments_travel_as_results_do_but_arrays_in_the_body(node: NodeSide) -> None:
    call = begin(node, "ask_with_numpy")
    number, _, params, keys, _ = question(node, call)
    answer(node, call, number, None)
    result(node, call)

    assert keys == [1, 2]
    assert params["scalar"] == 0.5
    assert params["pair"] == Ext(Extension.TUPLE, msgspec.msgpack.encode([1, 2]))
    assert params["array"] == Ext(Extension.NDARRAY, encode_array(numpy.array([1.5, 2.5])))


def test_large_arrays_travel_in_the_body_also_where_answers_share_memory() -> None:
    with WorkerProcess(sharedMemory=[os.getpid(), 8]) as worker:
        node = worker.node
        call = begin(node, "ask_with_numpy")
        number, _, params, *_ = question(node, call)
        answer(node, call, number, "done")

        assert params["array"].code == Extension.NDARRAY
        assert result(node, call) == "done"


def test_an_answer_may_be_a_large_array_which_is_python_s_own(node: NodeSide) -> None:
    array = numpy.arange(1_000_000.0)
    call = begin(node, "sum_of_answer", "array")
    answer(node, call, question(node, call)[0], Ext(Extension.NDARRAY, encode_array(array)))

    assert result(node, call) == array.sum() + 1


@pytest.mark.parametrize(("where", "path"), [("keys", "keys[1]"), ("params", "rates.mean[0]")])
def test_what_cannot_be_carried_is_a_type_error_with_its_place_and_nothing_is_sent(
    where: str, path: str, node: NodeSide
) -> None:
    kinds, text, *_ = told(node, "ask_with_what_cannot_be_carried", where)

    assert kinds[0] == "TypeError"
    assert text.startswith(f"view 'lookup': expected {path} to be a value that can be sent to JavaScript")
    assert "got decimal.Decimal (convert it with float(value)" in text


def test_a_name_of_an_argument_that_cannot_be_carried_is_told_in_words(node: NodeSide) -> None:
    kinds, text, *_ = told(node, "ask_with_what_cannot_be_carried", "names")

    assert (kinds[0], text) == (
        "TypeError",
        "view 'lookup': expected the named arguments to be a value that can be sent to JavaScript,"
        " got dict (it has the key __proto__; use another key)",
    )


@pytest.mark.parametrize("keys", ["text", b"bytes"])
def test_text_is_no_list_of_keys(keys: object, node: NodeSide) -> None:
    call = node.next_call()
    node.send(Kind.CALL, ["asks", "ask_or_tell", ["lookup"], {"keys": keys}, "value"], call)
    kinds, text, *_ = result(node, call)

    assert kinds[0] == "TypeError"
    assert text.startswith("expected keys as a list, got ")


def test_an_answer_that_cannot_be_made_fails_the_question_alone(node: NodeSide) -> None:
    call = begin(node, "ask_or_tell", "lookup")
    equal_keys = Ext(Extension.DICT, msgspec.msgpack.encode([1, "a", True, "b"]))
    answer(node, call, question(node, call)[0], equal_keys)
    kinds, text, *_ = result(node, call)

    assert kinds[0] == "ViewError"
    assert "view 'lookup': the answer cannot be made in Python: an argument is a map" in text


if sys.platform == "linux":

    def test_a_question_needs_no_further_thread(worker: WorkerProcess, node: NodeSide) -> None:
        told(node, "ask_with_what_cannot_be_carried", "keys")
        counts = [threads_of(worker)]
        call = begin(node, "ask", "lookup")
        number = question(node, call)[0]
        counts.append(threads_of(worker))
        answer(node, call, number, None)
        result(node, call)
        counts.append(threads_of(worker))

        assert counts == [counts[0]] * 3

    def test_an_answer_that_there_is_no_memory_for_fails_its_question_alone_and_late_nothing() -> None:
        huge = bytes(200_000_000)
        with Forkserver(preload=["asks"]) as forkserver:
            worker = forkserver.fork(memoryBytes=20_000_000)
            node = worker.node
            call = begin(node, "ask_or_tell", "lookup")
            answer(node, call, question(node, call)[0], huge)
            kinds, text, *_ = result(node, call)
            call = begin(node, "ask", "lookup")
            number = question(node, call)[0]
            cancel_until_answered(node, worker.control, call)
            answer(node, call, number, huge)

            assert (kinds[0], text) == (
                "MemoryError",
                "there is no memory for the answer of view 'lookup'",
            )
            assert node.value("identity", 1) == 1


@pytest.mark.parametrize("kind", [ViewError, ViewRefusedError, ViewTimeoutError])
def test_an_error_goes_through_pickle_with_its_view(kind: type[ViewError]) -> None:
    error = pickle.loads(pickle.dumps(kind("no", "lookup", "RangeError")))

    assert type(error) is kind
    assert (str(error), error.view, error.type) == ("no", "lookup", "RangeError")


def test_a_call_that_waits_for_a_view_is_cancelled_and_its_late_answer_dropped(
    worker: WorkerProcess, node: NodeSide
) -> None:
    call = begin(node, "ask", "lookup")
    number = question(node, call)[0]
    kind, error = cancel_until_answered(node, worker.control, call)
    answer(node, call, number, "late")
    following = begin(node, "ask", "lookup")
    other = question(node, following)[0]
    answer(node, following, other, "right")

    assert (kind, error["code"]) == (Kind.ERROR, "cancelled")
    assert "in ask" in error["traceback"]
    assert other != number
    assert result(node, following) == "right"


def test_memory_interrupts_a_call_that_waits_for_a_view(worker: WorkerProcess, node: NodeSide) -> None:
    call = begin(node, "ask_and_go_on", "lookup")
    number = question(node, call)[0]
    worker.control.send(Kind.MEMORY, None, call)
    again = question(node, call)
    answer(node, call, number, "late")
    answer(node, call, again[0], "right")

    assert again[1] == "again"
    assert result(node, call) == ["MemoryError", "right"]


def test_a_signal_interrupts_it_and_the_same_call_can_ask_again(
    worker: WorkerProcess, node: NodeSide
) -> None:
    call = begin(node, "ask_and_go_on", "lookup")
    number = question(node, call)[0]
    os.kill(worker.process.pid, signal.SIGINT)
    again = question(node, call)[0]
    answer(node, call, again, "right")
    answer(node, call, number, "late")

    assert result(node, call) == ["KeyboardInterrupt", "right"]
    assert node.value("identity", 1) == 1


@pytest.mark.parametrize("cut", [4, HEADER.size, HEADER.size + 1, 100_000])
def test_an_answer_of_which_half_was_read_when_the_call_was_cancelled_is_not_lost(
    cut: int, worker: WorkerProcess, node: NodeSide
) -> None:
    call = begin(node, "ask", "lookup")
    number = question(node, call)[0]
    body = msgspec.msgpack.encode([number, "late" * 100_000])
    frame = HEADER.pack(len(body), Kind.CALLBACK_RESULT, call) + body
    node.send_bytes(frame[:cut])
    node.wait_until_read()
    kind, error = cancel_until_answered(node, worker.control, call)
    node.send_bytes(frame[cut:])

    assert (kind, error["code"]) == (Kind.ERROR, "cancelled")
    assert node.value("identity", 1) == 1


def test_threads_that_ask_at_the_same_time_get_their_own_answers_in_any_order(node: NodeSide) -> None:
    call = begin(node, "ask_in_threads", 8)
    asked = [question(node, call) for _ in range(8)]
    for number, _, params, *_ in reversed(asked):
        answer(node, call, number, params["key"] * 2)

    assert sorted(params["key"] for _, _, params, *_ in asked) == list(range(8))
    assert result(node, call) == [2 * index for index in range(8)]


def test_threads_that_ask_often_while_the_main_thread_does_too_get_their_own_answers(node: NodeSide) -> None:
    call = begin(node, "ask_often_in_threads", 4, 100)
    answers = until_answered(node, call, lambda asked: asked[2]["key"] if asked[3] is None else asked[3])

    assert answers == [[[index, time_of] for time_of in range(100)] for index in range(5)]
    assert node.value("identity", 1) == 1


@pytest.mark.parametrize("order", [["in thread", "here"], ["here", "in thread"]])
def test_a_thread_and_the_main_thread_get_their_own_answers_in_any_order(
    order: list[str], node: NodeSide
) -> None:
    call = begin(node, "ask_in_thread_and_here")
    numbers = {name: number for number, name, *_ in [question(node, call), question(node, call)]}
    for name in order:
        answer(node, call, numbers[name], name)

    assert result(node, call) == ["in thread", "here"]


def test_requests_that_a_thread_reads_are_done_in_their_order(node: NodeSide) -> None:
    call = begin(node, "ask_in_threads", 2)
    asked = [question(node, call) for _ in range(2)]
    later = [node.begin("identity", index) for index in range(3)]
    for number, *_ in asked:
        answer(node, call, number, "x")

    assert result(node, call) == ["x", "x"]
    assert [result(node, each) for each in later] == [0, 1, 2]


def test_a_thread_that_still_waits_when_its_call_is_answered_is_refused_at_once(
    worker: WorkerProcess, node: NodeSide, tmp_path: Path
) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    call = begin(node, "leave_a_thread_that_asks", pipe)
    question(node, call)
    with open(pipe, "w"):
        pass
    left = result(node, call)
    assert worker.process.stdout is not None
    printed = worker.process.stdout.readline()
    kinds, text, view, _ = told(node, "told_by_the_thread")

    assert (left, printed) == ("left", b"told\n")
    assert (kinds[0], view) == ("ViewRefusedError", "left behind")
    assert text == "view 'left behind': the call ended before it was answered"


def test_a_thread_that_asks_between_calls_is_refused(
    worker: WorkerProcess, node: NodeSide, tmp_path: Path
) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    told(node, "leave_a_thread_that_asks_later", pipe)
    with open(pipe, "w"):
        pass
    assert worker.process.stdout is not None
    assert worker.process.stdout.readline() == b"asked\n"
    kinds, text, *_ = told(node, "told_by_the_thread")

    assert (kinds[0], text) == (
        "ViewRefusedError",
        "view 'later' was asked while no call runs in this session",
    )


def test_a_forked_child_is_refused(worker: WorkerProcess, node: NodeSide) -> None:
    kind, text = told(node, "ask_in_a_forked_child")

    assert kind == "ViewRefusedError"
    pid = worker.process.pid
    assert f"was asked in a child process of process {pid}, which is the session's" in text


def test_a_child_process_of_multiprocessing_is_refused(node: NodeSide) -> None:
    kinds, text, *_ = told(node, "ask_in_spawned_children")

    assert kinds[0] == "ViewRefusedError"
    assert "this process is not that of a session" in text


def test_the_end_of_the_connection_while_a_call_waits_ends_the_worker_with_code_0() -> None:
    with WorkerProcess() as worker:
        question(worker.node, begin(worker.node, "ask_and_go_on", "lookup"))
        worker.node.close()

        assert worker.finish() == (0, "", "")


def test_the_end_of_the_connection_while_only_threads_wait_ends_the_worker() -> None:
    with WorkerProcess() as worker:
        question(worker.node, begin(worker.node, "ask_in_threads", 1))
        worker.node.close()

        assert worker.finish() == (0, "", "")


def test_a_copy_asks_on_its_own_channel_and_its_original_on_its_own() -> None:
    with Forkserver(preload=["asks"]) as forkserver:
        original = forkserver.fork()
        call = begin(original.node, "ask", "before")
        answer(original.node, call, question(original.node, call)[0], "x")
        result(original.node, call)
        copy = original.fork()
        calls = [(each.node, begin(each.node, "ask", "lookup")) for each in (original, copy)]
        for place, (node, call) in enumerate(calls):
            answer(node, call, question(node, call)[0], place)

        assert [result(node, call) for node, call in calls] == [0, 1]


def test_what_runs_before_the_first_call_is_refused() -> None:
    with Forkserver(preload=["asks_at_import"]) as forkserver:
        forked = forkserver.fork()
        call = forked.node.next_call()
        forked.node.send(Kind.CALL, ["asks_at_import", "tell", [], {}, "value"], call)
        at_import = result(forked.node, call)
        after_fork = told(forked.node, "told_after_fork")

        assert at_import[0][0] == "ViewRefusedError"
        assert "this process is not that of a session" in at_import[1]
        assert after_fork == [
            "ViewRefusedError",
            "view 'after fork' was asked while no call runs in this session",
        ]
