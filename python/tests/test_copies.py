"""Copies of a worker, made by FORK in the worker itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.msgpack import Ext
from node_side import (
    CHECKPOINT_CHANNELS,
    LIVE_CHANNELS,
    Forked,
    Forkserver,
    WorkerProcess,
    end_of_process,
    meet,
    wait_for_ends,
)

from slither_worker.protocol import Kind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the forkserver needs Linux")


@pytest.fixture
def server() -> Iterator[Forkserver]:
    with Forkserver(["sample", "numpy"]) as server:
        yield server


@pytest.fixture
def original(server: Forkserver) -> Forked:
    return server.fork(session="original")


def refusal(worker: Any) -> str:
    call = worker.node.next_call()
    worker.node.send(Kind.FORK, {"token": "a", "channels": ["calls"], "idle": False}, call)
    kind, error = worker.node.answer(call)
    assert (kind, error["code"]) == (Kind.ERROR, "fork_refused")
    assert worker.node.value("identity", 1) == 1
    return str(error["message"])


def test_a_copy_opens_its_own_channels_and_leads_its_own_group(original: Forked) -> None:
    copy = original.fork()

    assert copy.order == list(LIVE_CHANNELS)
    assert copy.pid != original.pid
    assert copy.node.value("process_group_and_session") == [copy.pid, copy.pid]


def test_a_copy_has_the_state_of_its_original_and_then_a_future_of_its_own(original: Forked) -> None:
    original.node.value("keep", "key", [1])
    _, (ref, *_) = original.node.call("Counter", 5, returns="ref")
    copy = original.fork(session="copy")

    assert copy.node.value("recall", "key") == [1]
    assert copy.node.ask(Kind.REF_CALL, ref, "add", [2], {}, "value")[1][0] == Ext(
        0x57, ref.to_bytes(4, "little")
    )
    assert copy.node.ask(Kind.REF_GET, ref, "value", "value")[1][0] == 7
    assert original.node.ask(Kind.REF_GET, ref, "value", "value")[1][0] == 5
    copy.node.value("keep", "key", [2])
    assert (original.node.value("recall", "key"), copy.node.value("recall", "key")) == ([1], [2])
    assert (original.node.value("session"), copy.node.value("session")) == ("original", "copy")


def test_numbers_of_refs_go_on_in_a_copy(original: Forked) -> None:
    _, (first, *_) = original.node.call("Counter", returns="ref")
    copy = original.fork()
    _, (in_copy, *_) = copy.node.call("Counter", returns="ref")
    _, (in_original, *_) = original.node.call("Counter", returns="ref")

    assert first < in_copy == in_original


def test_a_copy_goes_on_with_the_random_states_of_its_original(original: Forked) -> None:
    original.node.value("seed_random_numbers", 17)
    original.node.value("random_numbers")
    copy = original.fork()
    in_copy = [copy.node.value("random_numbers") for _ in range(3)]

    assert [original.node.value("random_numbers") for _ in range(3)] == in_copy
    assert copy.node.value("random_numbers") not in in_copy


def test_a_copy_that_is_to_be_reseeded_has_random_states_of_its_own(original: Forked) -> None:
    original.node.value("seed_random_numbers", 17)
    drawn = [
        worker.node.value("random_numbers")
        for worker in (original, *(original.fork(reseed=True) for _ in range(2)))
    ]

    assert len({number for numbers in drawn for number in numbers}) == 6


def test_a_copy_of_a_copy_has_the_state_of_both(original: Forked) -> None:
    original.node.value("keep", "first", 1)
    copy = original.fork()
    copy.node.value("keep", "second", 2)
    copy_of_copy = copy.fork(session="third generation")

    assert copy_of_copy.node.value("recall", "first") == 1
    assert copy_of_copy.node.value("recall", "second") == 2
    assert copy_of_copy.node.value("session") == "third generation"
    assert original.node.error(Kind.CALL, "sample", "recall", ["second"], {}, "value")["type"] == "KeyError"


def test_a_checkpoint_can_be_gone_back_to_many_times(server: Forkserver, original: Forked) -> None:
    original.node.value("keep", "key", 1)
    original.node.value("seed_random_numbers", 17)
    checkpoint = original.fork(CHECKPOINT_CHANNELS)
    original.node.value("keep", "key", 2)
    original.kill()
    assert server.end_of(original.pid) == (None, "SIGKILL")
    drawn = []
    for generation in range(3):
        restored = checkpoint.fork(session=f"restored {generation}")
        assert restored.node.value("recall", "key") == 1
        restored.node.value("keep", "key", 3)
        drawn.append(restored.node.value("random_numbers"))
        restored.kill()
        assert server.end_of(restored.pid) == (None, "SIGKILL")

    assert drawn[0] == drawn[1] == drawn[2]


def test_objects_can_be_released_in_a_checkpoint(original: Forked) -> None:
    _, (ref, *_) = original.node.call("Counter", returns="ref")
    checkpoint = original.fork(CHECKPOINT_CHANNELS)
    checkpoint.node.send(Kind.RELEASE, [ref])

    assert checkpoint.fork().node.error(Kind.REF_GET, ref, "value", "value")["code"] == "ref"
    assert original.node.ask(Kind.REF_GET, ref, "value", "value")[0] == Kind.RESULT


def test_a_copy_outlives_its_original_however_that_ends(server: Forkserver) -> None:
    for end in ("kill", "close", "exit"):
        original = server.fork()
        original.node.value("keep", "key", end)
        live, checkpoint = original.fork(), original.fork(CHECKPOINT_CHANNELS)
        if end == "kill":
            os.killpg(original.pid, signal.SIGKILL)
        elif end == "close":
            original.node.send(Kind.CLOSE, None)
        else:
            original.node.begin("leave_at_once", 1)
        server.end_of(original.pid)

        assert live.node.value("recall", "key") == end
        assert checkpoint.fork().node.value("recall", "key") == end


def test_ends_of_copies_are_reported_with_code_or_signal(server: Forkserver, original: Forked) -> None:
    closed, killed, exited = (original.fork() for _ in range(3))
    closed.node.send(Kind.CLOSE, None)
    killed.node.begin("kill_itself")
    exited.node.begin("leave_at_once", 7)

    assert server.end_of(closed.pid) == (0, None)
    assert server.end_of(killed.pid) == (None, "SIGKILL")
    assert server.end_of(exited.pid) == (7, None)


def test_the_original_has_no_child_left_of_a_copy_that_was_made(original: Forked) -> None:
    original.fork()
    error = original.node.error(Kind.CALL, "os", "waitpid", [-1, os.WNOHANG], {}, "value")

    assert error["type"] == "ChildProcessError"


def test_messages_sent_after_a_fork_are_for_the_original_alone(original: Forked) -> None:
    first, call, last = (original.node.next_call() for _ in range(3))
    original.node.send(Kind.CALL, ["sample", "keep", ["key", 1], {}, "value"], first)
    original.node.send(Kind.FORK, {"token": "token of the copy", "channels": ["calls"], "idle": False}, call)
    original.node.send(Kind.CALL, ["sample", "keep", ["key", 2], {}, "value"], last)
    assert original.node.answer(first)[0] == Kind.RESULT
    assert original.node.answer(call) == (Kind.FORKED, None)
    assert original.node.answer(last)[0] == Kind.RESULT
    copy = meet(original.listener, "token of the copy", ["calls"])

    assert copy.node.value("recall", "key") == 1
    assert original.node.value("recall", "key") == 2


def test_what_a_copy_prints_goes_to_its_own_streams_and_nothing_is_printed_twice(original: Forked) -> None:
    original.node.value("print_without_writing", "before. ")
    copy, checkpoint = original.fork(), original.fork(CHECKPOINT_CHANNELS)
    copy.node.value("write_everywhere")
    copy.node.value("print_without_writing", "in the copy. ")
    restored = checkpoint.fork()
    for worker in (original, copy, restored):
        worker.node.send(Kind.CLOSE, None)

    assert original.channels["stdout"].read_all() == "before. before. "
    assert original.channels["stderr"].read_all() == ""
    expected = "from print\nfrom write to 1\nfrom a child process\nin the copy. in the copy. "
    assert copy.channels["stdout"].read_all() == expected
    assert copy.channels["stderr"].read_all() == "from print to stderr\nfrom write to 2\n"
    assert restored.channels["stdout"].read_all() == ""


def test_a_copy_holds_no_descriptor_of_its_original(original: Forked) -> None:
    held = original.node.value("held_descriptors")
    copy = original.fork()

    assert copy.node.value("held_descriptors") == held
    assert copy.fork().node.value("held_descriptors") == held


def test_a_default_timeout_of_user_code_does_not_reach_the_channels_of_a_copy(original: Forked) -> None:
    original.node.ask(Kind.CALL, "socket", "setdefaulttimeout", [1], {}, "value")

    assert original.fork().node.value("blocking_descriptors") == [True] * 4


def test_child_processes_of_user_code_hold_the_streams_and_no_other_channel(original: Forked) -> None:
    for worker in (original, original.fork(), original.fork().fork()):
        assert worker.node.value("sockets_of_a_forked_child") == [1, 2]


def test_a_copy_of_a_process_whose_streams_user_code_has_closed_works(original: Forked) -> None:
    original.node.ask(Kind.CALL, "sys", "stdout.close", [], {}, "value")
    original.node.ask(Kind.CALL, "builtins", "exec", ["import sys; sys.stderr = None"], {}, "value")

    assert original.fork().node.value("identity", 1) == 1


def test_a_copy_of_a_process_without_standard_descriptors_prints_to_its_own_streams(original: Forked) -> None:
    for descriptor in (0, 1, 2):
        original.node.ask(Kind.CALL, "os", "close", [descriptor], {}, "value")
    copy = original.fork()
    copy.node.value("write_everywhere")
    copy.node.send(Kind.CLOSE, None)

    assert copy.channels["stdout"].read_all().startswith("from print\nfrom write to 1\n")
    assert copy.channels["stderr"].read_all() == "from print to stderr\nfrom write to 2\n"


def test_a_copy_that_cannot_be_connected_is_refused_and_leaves_nothing(original: Forked) -> None:
    held = original.node.value("held_descriptors")
    original.node.ask(Kind.CALL, "sample", "limit_descriptors", [held], {}, "value")
    call = original.node.next_call()
    body = {"token": "a", "channels": list(LIVE_CHANNELS), "idle": False}
    original.node.send(Kind.FORK, body, call)
    kind, error = original.node.answer(call)

    assert (kind, error["code"]) == (Kind.ERROR, "fork_refused")
    assert error["message"].startswith("the new process cannot be connected: ")
    original.node.ask(Kind.CALL, "sample", "limit_descriptors", [None], {}, "value")
    assert original.node.value("held_descriptors") == held
    assert original.fork().node.value("identity", 1) == 1


def test_the_end_of_a_copy_is_seen_as_long_as_its_original_lives(original: Forked) -> None:
    copy, checkpoint = original.fork(), original.fork(CHECKPOINT_CHANNELS)
    for forked in (copy, checkpoint):
        forked.kill()
        for channel in forked.channels.values():
            assert channel.receive() is None


def test_a_copy_does_not_hide_the_death_of_its_original(original: Forked) -> None:
    copy = original.fork()
    original.kill()

    assert original.node.receive() is None
    assert original.channels["stdout"].read_all() == ""
    assert copy.node.value("identity", 1) == 1


def test_functions_registered_with_atexit_do_not_run_at_the_end_of_a_checkpoint(
    server: Forkserver, original: Forked
) -> None:
    original.node.call("keep_file_until_exit", server.listener.path + ".kept")
    checkpoint = original.fork(CHECKPOINT_CHANNELS)
    checkpoint.node.send(Kind.CLOSE, None)
    assert server.end_of(checkpoint.pid) == (0, None)
    assert os.path.exists(server.listener.path + ".kept")
    original.node.send(Kind.CLOSE, None)
    assert server.end_of(original.pid) == (0, None)

    assert not os.path.exists(server.listener.path + ".kept")


def test_a_copy_does_not_end_the_child_processes_of_its_original(
    server: Forkserver, original: Forked
) -> None:
    child = original.node.value("start_a_daemonic_process")
    end = end_of_process(child)
    copy = original.fork()
    copy.node.send(Kind.CLOSE, None)
    assert server.end_of(copy.pid) == (0, None)
    os.kill(child, 0)

    original.node.send(Kind.CLOSE, None)
    wait_for_ends([end])


def test_functions_for_copies_run_in_every_copy_that_runs(original: Forked) -> None:
    original.node.value("register_after_fork", "first")
    original.node.value("register_failing_after_fork")
    original.node.value("register_after_fork", "second")
    checkpoint = original.fork(CHECKPOINT_CHANNELS, session="checkpoint")
    restored = checkpoint.fork(session="restored")

    notes = [["first", "restored", restored.pid], ["second", "restored", restored.pid]]
    assert restored.node.value("recall", "after fork") == notes
    restored.node.send(Kind.CLOSE, None)
    assert restored.channels["stdout"].read_all() == "first in restored\nsecond in restored\n"
    printed = restored.channels["stderr"].read_all()
    assert printed.startswith("Traceback (most recent call last):\n")
    assert printed.endswith("ValueError: after fork\n")
    assert (
        original.node.error(Kind.CALL, "sample", "recall", ["after fork"], {}, "value")["type"] == "KeyError"
    )


def test_a_worker_that_was_started_cold_cannot_be_copied() -> None:
    with WorkerProcess() as worker:
        assert refusal(worker) == "this process was not started from the forkserver"


def test_a_process_with_a_thread_of_the_user_is_not_copied(original: Forked) -> None:
    original.node.value("start_a_thread", "writer")
    original.node.value("start_a_thread", "reader")

    assert refusal(original) == "your code left threads running: reader, writer"


@pytest.mark.parametrize("name", ["polars-0", "polars-12", "tokio-rt-worker", "async-executor-"])
def test_a_process_with_a_pool_that_would_hang_is_not_copied(name: str, original: Forked) -> None:
    original.node.value("start_a_native_thread", name)

    assert refusal(original) == (
        f"a library has started a pool of threads that does not live through a fork: {name}"
    )


@pytest.mark.parametrize("name", ["jemalloc_bg_thd", "polars-ooc-clea", "python"])
def test_other_native_threads_do_not_keep_a_process_from_being_copied(name: str, original: Forked) -> None:
    original.node.value("start_a_native_thread", name)

    assert original.fork().node.value("identity", 1) == 1


def test_a_process_with_openmp_threads_of_numba_is_not_copied(original: Forked) -> None:
    for layer in (None, "workqueue"):
        original.node.value("pretend_numba_layer", layer)
        assert original.fork().node.value("identity", 1) == 1
    original.node.value("pretend_numba_layer", "omp")

    assert refusal(original).startswith("numba has started OpenMP threads")


def test_a_process_with_cuda_is_not_copied(original: Forked) -> None:
    original.node.value("pretend_cuda", False)
    assert original.fork().node.value("identity", 1) == 1
    original.node.value("pretend_cuda", True)

    assert refusal(original) == "torch has initialised CUDA, which does not live through a fork"


def test_the_executor_of_joblib_is_shut_for_a_copy(original: Forked) -> None:
    assert original.node.value("use_a_reusable_executor") == 2

    assert original.fork().node.value("identity", 1) == 1


def test_a_process_whose_pool_of_joblib_works_is_not_copied_and_not_waited_for(original: Forked) -> None:
    original.node.value("use_a_reusable_executor", True)

    assert refusal(original) == "your code left work in joblib's pool of processes that is not done yet"

    original.node.value("finish_the_work_of_the_executor")
    assert original.fork().node.value("identity", 1) == 1


def test_the_thread_that_watches_progress_bars_is_ended_for_a_copy(original: Forked) -> None:
    assert original.node.value("show_a_progress_bar") == 2

    assert original.fork().node.value("identity", 1) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_a_copy_that_the_system_refuses_is_an_answer(number: int, original: Forked) -> None:
    original.node.value("break_fork", number)

    assert refusal(original) == f"the system refused to make a process: {os.strerror(11)}"


def test_a_fork_message_that_cannot_be_read_is_answered_with_protocol(original: Forked) -> None:
    for body in (None, {"token": "a"}, {"token": "a", "channels": ["stdout"], "idle": False}):
        call = original.node.next_call()
        original.node.send(Kind.FORK, body, call)
        kind, error = original.node.answer(call)
        assert (kind, error["code"]) == (Kind.ERROR, "protocol")
    assert original.node.value("identity", 1) == 1


def test_garbage_that_was_made_between_copies_does_not_stay_for_ever(original: Forked) -> None:
    for _ in range(50):
        original.node.value("make_cycles", 10)
        original.fork(CHECKPOINT_CHANNELS).close()

    assert original.node.value("living_cycles") <= 21 * 10
