"""CANCEL and MEMORY: what is told to a process while it computes."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batches import batch
from node_side import WorkerProcess, cancel_until_answered

from slither_worker.protocol import Kind


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess() as worker:
        yield worker


def begin(worker: WorkerProcess, function: str, *args: object, says: bytes = b"computing\n") -> int:
    """Begin a call, and wait until its code runs."""
    call = worker.node.begin(function, *args)
    assert worker.process.stdout is not None
    assert worker.process.stdout.readline() == says
    return call


def cancel(worker: WorkerProcess, call: int) -> None:
    """Send CANCEL once, and wait until it was heard."""
    worker.control.send(Kind.CANCEL, None, call)
    worker.control.wait_until_read()


def cancelled(answer: tuple[int, Any]) -> bool:
    return answer[0] == Kind.ERROR and answer[1]["code"] == "cancelled"


def test_a_cancelled_call_stops_and_says_where(worker: WorkerProcess) -> None:
    call = begin(worker, "compute_until", "/nowhere")
    worker.control.send(Kind.CANCEL, None, call)
    kind, error = worker.node.answer(call)

    assert kind == Kind.ERROR
    assert (error["code"], error["message"]) == ("cancelled", "the call was cancelled")
    assert list(error) == ["code", "message", "traceback"]
    assert "in compute_until" in error["traceback"]
    assert error["traceback"].endswith("slither_worker.Cancelled: the call was cancelled\n")
    assert "interrupts.py" not in error["traceback"]
    assert worker.node.value("identity", 1) == 1


def test_a_function_of_c_that_waits_is_stopped(worker: WorkerProcess) -> None:
    call = worker.node.next_call()
    worker.node.send(Kind.CALL, ["time", "sleep", [1000], {}, "value"], call)

    assert cancelled(cancel_until_answered(worker.node, worker.control, call))


def test_python_code_that_c_code_calls_is_stopped(worker: WorkerProcess) -> None:
    call = begin(worker, "call_key_function_for_ever")

    assert cancelled(cancel_until_answered(worker.node, worker.control, call))


def test_methods_batches_and_attributes_are_stopped_too(worker: WorkerProcess) -> None:
    _, (ref, *_) = worker.node.call("Endless", returns="ref")
    messages: list[tuple[int, list[object]]] = [
        (Kind.BATCH, batch("compute_batch_for_ever", [1])),
        (Kind.REF_CALL, [ref, "method", [], {}, "value"]),
        (Kind.REF_CALL, [ref, "attribute.method", [], {}, "value"]),
        (Kind.REF_GET, [ref, "attribute", "value"]),
    ]
    for kind, body in messages:
        call = worker.node.next_call()
        worker.node.send(kind, body, call)
        answer = cancel_until_answered(worker.node, worker.control, call)
        assert cancelled(answer)
        assert "in compute_until" in answer[1]["traceback"]


def begin_each(worker: WorkerProcess, *payloads: object) -> int:
    """Begin a batch whose function takes one payload, and wait until the code for one of them computes."""
    call = worker.node.next_call()
    worker.node.send(Kind.BATCH, batch("compute_or_give_back", list(payloads), form="each"), call)
    assert worker.process.stdout is not None
    assert worker.process.stdout.readline() == b"computing\n"
    return call


@pytest.mark.parametrize("fates", [["let go", "let go"], ["convert"], ["swallow", "swallow"]])
def test_a_cancelled_batch_of_single_payloads_stops_as_a_whole(
    fates: list[str], worker: WorkerProcess
) -> None:
    call = begin_each(worker, 1, *fates)
    cancel(worker, call)

    assert cancelled(worker.node.answer(call))
    assert worker.node.value("begun") == fates[:1]


def test_a_batch_of_single_payloads_that_is_over_its_memory_fails_as_a_whole(worker: WorkerProcess) -> None:
    call = begin_each(worker, 1, "let go", "let go")
    worker.control.send(Kind.MEMORY, None, call)
    kind, error = worker.node.answer(call)

    assert (kind, error["code"], error["type"]) == (Kind.ERROR, "exception", "MemoryError")
    assert worker.node.value("begun") == ["let go"]


def test_except_exception_does_not_swallow_it(worker: WorkerProcess) -> None:
    call = begin(worker, "swallow_exceptions")

    assert cancelled(cancel_until_answered(worker.node, worker.control, call))
    assert worker.node.error(Kind.CALL, "sample", "recall", ["swallowed"], {}, "value")["type"] == "KeyError"


def test_code_that_swallows_it_is_cancelled_again(worker: WorkerProcess) -> None:
    call = begin(worker, "swallow_one_cancel")

    assert cancelled(cancel_until_answered(worker.node, worker.control, call))
    assert worker.node.value("recall", "swallowed") is True


@pytest.mark.parametrize("manner", ["finally", "except", "with"])
def test_cleaning_up_is_not_cancelled(manner: str, worker: WorkerProcess, tmp_path: Path) -> None:
    end = tmp_path / "end"
    call = begin(worker, "clean_up_until", str(end), manner)
    cancel(worker, call)
    assert worker.process.stdout is not None
    assert worker.process.stdout.readline() == b"computing\n"
    for _ in range(20):
        cancel(worker, call)
    end.touch()

    assert cancelled(worker.node.answer(call))
    assert worker.node.value("recall", "cleaned up") is True


def test_a_cancel_for_another_call_does_nothing(worker: WorkerProcess, tmp_path: Path) -> None:
    end = tmp_path / "end"
    before = worker.node.begin("identity", 1)
    worker.node.answer(before)
    call = begin(worker, "compute_until", str(end))
    for other in (0, before, call + 1, 2**32 - 1):
        cancel(worker, other)
        worker.control.send(Kind.MEMORY, None, other)
        worker.control.wait_until_read()
    end.touch()

    assert worker.node.answer(call)[0] == Kind.RESULT
    assert worker.node.value("identity", 1) == 1
    error = worker.node.error(Kind.CALL, "sample", "raise_value_error", ["own"], {}, "value")
    assert error["code"] == "exception"


def test_a_cancel_that_comes_late_does_nothing(worker: WorkerProcess) -> None:
    for _ in range(50):
        call = worker.node.begin("identity", 1)
        worker.node.answer(call)
        cancel(worker, call)
        assert worker.node.value("identity", 2) == 2
    error = worker.node.error(Kind.CALL, "sample", "raise_value_error", ["own"], {}, "value")
    assert error["code"] == "exception"


def test_whatever_leaves_the_code_after_a_cancel_counts_as_cancelled(worker: WorkerProcess) -> None:
    call = begin(worker, "convert_exceptions")
    answer = cancel_until_answered(worker.node, worker.control, call)

    assert cancelled(answer)
    assert "RuntimeError: Query interrupted" in answer[1]["traceback"]


def test_a_call_that_returns_after_a_cancel_has_its_result(worker: WorkerProcess) -> None:
    call = begin(worker, "return_when_cancelled")
    kind, body = cancel_until_answered(worker.node, worker.control, call)

    assert (kind, body[0]) == (Kind.RESULT, "finished all the same")


def test_a_cancel_that_is_heard_after_c_code_stops_what_follows(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    call = begin(worker, "wait_without_python_until", str(end), says=b"waiting in C\n")
    worker.control.send(Kind.CANCEL, None, call)
    end.touch()

    assert cancelled(worker.node.answer(call))


def test_an_import_is_finished_before_the_call_is_cancelled(worker: WorkerProcess, tmp_path: Path) -> None:
    end = tmp_path / "end"
    call = begin(worker, "import_until", str(end))
    for _ in range(20):
        cancel(worker, call)
    assert not worker.node.has_answer(0)
    end.touch()

    assert cancelled(cancel_until_answered(worker.node, worker.control, call))
    assert worker.node.value("recall", "imported") is True
    _, (complete, _) = worker.node.ask(
        Kind.CALL, "sys", "modules.__contains__", ["waits_at_import"], {}, "value"
    )
    assert complete is True


def test_the_import_of_the_module_of_a_call_is_not_cancelled(worker: WorkerProcess, tmp_path: Path) -> None:
    end = tmp_path / "end"
    worker.node.ask(Kind.CALL, "os", "putenv", ["ignored", ""], {}, "value")
    worker.node.ask(Kind.CALL, "os", "environ.__setitem__", ["END_OF_IMPORT", str(end)], {}, "value")
    call = worker.node.next_call()
    worker.node.send(Kind.CALL, ["waits_at_import", "bool", [], {}, "value"], call)
    assert worker.process.stdout is not None
    assert worker.process.stdout.readline() == b"computing\n"
    cancel(worker, call)
    end.touch()

    assert worker.node.answer(call)[1]["code"] == "function_not_found"


def test_user_code_that_takes_the_signal_harms_only_itself(worker: WorkerProcess, tmp_path: Path) -> None:
    worker.node.value("replace_signal_handler")
    end = tmp_path / "end"
    call = begin(worker, "compute_until", str(end))
    for _ in range(5):
        worker.control.send(Kind.CANCEL, None, call)
    end.touch()

    assert worker.node.answer(call)[0] == Kind.RESULT
    assert worker.node.value("identity", 1) == 1


def test_user_code_that_closes_all_descriptors_ends_the_worker_without_a_word(worker: WorkerProcess) -> None:
    worker.node.send(Kind.CALL, ["os", "closerange", [3, 1000], {}, "value"], 1)

    assert worker.node.receive() is None
    assert worker.finish() == (0, "", "")


def test_the_end_of_the_control_channel_does_not_disturb_a_worker(worker: WorkerProcess) -> None:
    worker.control.close()

    assert worker.node.value("identity", 1) == 1


def test_frames_of_unknown_kinds_and_in_pieces_are_understood(worker: WorkerProcess) -> None:
    call = begin(worker, "compute_until", "/nowhere")
    worker.control.send(0x7F, {"unknown": True}, call)
    frame = bytes.fromhex("01000000 17") + call.to_bytes(4, "little") + b"\xc0"
    for byte in frame:
        worker.control.send_bytes(bytes([byte]))
        worker.control.wait_until_read()

    assert cancelled(worker.node.answer(call))


def test_children_that_user_code_forks_do_not_take_what_is_for_the_worker(worker: WorkerProcess) -> None:
    child = worker.node.value("start_a_child")
    for _ in range(20):
        call = begin(worker, "compute_until", "/nowhere")
        worker.control.send(Kind.CANCEL, None, call)
        assert cancelled(worker.node.answer(call))
    os.kill(child, signal.SIGKILL)


def test_too_much_memory_raises_once_and_may_be_handled(worker: WorkerProcess) -> None:
    call = begin(worker, "catch_a_memory_error")
    worker.control.send(Kind.MEMORY, None, call)
    kind, body = worker.node.answer(call)

    assert (kind, body[0]) == (Kind.RESULT, "the process uses more memory than its session may have")


def test_too_much_memory_is_an_exception_like_any(worker: WorkerProcess) -> None:
    call = begin(worker, "compute_until", "/nowhere")
    worker.control.send(Kind.MEMORY, None, call)
    kind, error = worker.node.answer(call)

    assert (kind, error["code"], error["type"]) == (Kind.ERROR, "exception", "MemoryError")
    assert worker.node.value("identity", 1) == 1


def test_too_much_memory_does_not_break_an_import_and_is_raised_behind_it(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    call = begin(worker, "import_until", str(end))
    worker.control.send(Kind.MEMORY, None, call)
    worker.control.wait_until_read()
    end.touch()
    while not worker.node.has_answer(0):  # As Node does it.
        worker.control.send(Kind.MEMORY, None, call)
        worker.node.has_answer(0.05)
    kind, error = worker.node.answer(call)

    assert (kind, error["type"]) == (Kind.ERROR, "MemoryError")
    assert worker.node.value("recall", "imported") is True


def test_too_much_memory_that_is_told_again_raises_once(worker: WorkerProcess, tmp_path: Path) -> None:
    end = tmp_path / "end"
    call = begin(worker, "compute_after_a_memory_error", str(end))
    worker.control.send(Kind.MEMORY, 1, call)
    assert worker.process.stdout is not None
    assert worker.process.stdout.readline() == b"handled\n"
    for _ in range(20):
        worker.control.send(Kind.MEMORY, 1, call)
        worker.control.wait_until_read()
    end.touch()

    assert worker.node.answer(call)[0] == Kind.RESULT


def test_after_cancels_at_random_moments_calls_are_as_exact_as_before(worker: WorkerProcess) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    expected = worker.node.value("work", 100)
    cancels = 0
    for _ in range(200):
        call = (
            worker.node.begin("work", 100) if moments.random() < 0.5 else worker.node.begin("work_for_ever")
        )
        time.sleep(moments.uniform(0, 0.003))
        answer = cancel_until_answered(worker.node, worker.control, call)
        cancels += cancelled(answer)
        assert cancelled(answer) or (answer[0], answer[1][0]) == (Kind.RESULT, expected)
        assert worker.node.value("work", 100) == expected

    assert cancels >= 50
    assert worker.node.value("identity", [call]) == [call]
    worker.node.send(Kind.CLOSE, None)
    assert worker.finish() == (0, "", "")


if sys.platform == "linux":
    from node_side import Forkserver

    def test_forked_workers_and_copies_are_cancelled_each_by_its_own_channel() -> None:
        with Forkserver(["sample"]) as server:
            original = server.fork()
            copy = original.fork()
            calls = [worker.node.begin("compute_until", "/nowhere") for worker in (original, copy)]
            for worker in (original, copy):
                assert worker.channels["stdout"].read_line() == "computing\n"
            copy.control.send(Kind.CANCEL, None, calls[1])
            assert cancelled(copy.node.answer(calls[1]))
            assert not original.node.has_answer(0)
            original.control.send(Kind.CANCEL, None, calls[0])
            assert cancelled(original.node.answer(calls[0]))
