"""What WELCOME sets: memory, threads, random states."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from node_side import CHECKPOINT_CHANNELS, Forkserver, WorkerProcess

from slither_worker import threads
from slither_worker.protocol import Kind

MEGABYTE = 1024 * 1024
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

if sys.platform == "linux":

    @pytest.fixture
    def server() -> Iterator[Forkserver]:
        with Forkserver(["sample", "numpy"], env=dict.fromkeys(VARIABLES, "1")) as server:
            yield server

    def test_an_absurd_allocation_is_a_memory_error_and_the_session_goes_on(server: Forkserver) -> None:
        worker = server.fork(memoryBytes=50 * MEGABYTE)

        assert worker.node.value("use_memory", 40 * MEGABYTE) == str(40 * MEGABYTE)
        assert worker.node.value("use_memory", 1000 * MEGABYTE) == "MemoryError"
        assert worker.node.value("use_memory", 40 * MEGABYTE) == str(40 * MEGABYTE)

    def test_a_message_that_there_is_no_memory_for_fails_its_own_call(server: Forkserver) -> None:
        worker = server.fork(memoryBytes=50 * MEGABYTE)
        error = worker.node.error(Kind.CALL, "sample", "identity", [bytes(1000 * MEGABYTE)], {}, "value")

        assert (error["code"], error["type"]) == ("exception", "MemoryError")
        assert error["message"].startswith("there is no memory for a message of 10485760")
        assert worker.node.value("identity", 1) == 1

    def test_without_a_limit_nothing_is_limited(server: Forkserver) -> None:
        assert server.fork().node.value("data_limit") == -1

    def test_a_worker_that_was_started_cold_is_limited_too() -> None:
        with WorkerProcess(memoryBytes=50 * MEGABYTE) as worker:
            assert worker.node.value("use_memory", 1000 * MEGABYTE) == "MemoryError"

    def test_a_copy_may_have_as_much_on_top_of_what_it_has_as_its_original(server: Forkserver) -> None:
        original = server.fork(memoryBytes=50 * MEGABYTE)
        original.node.ask(Kind.CALL, "builtins", "bytearray", [100 * MEGABYTE], {}, "ref")
        checkpoint = original.fork(CHECKPOINT_CHANNELS)
        restored = checkpoint.fork(memoryBytes=50 * MEGABYTE)

        limit, first = restored.node.value("data_limit"), original.node.value("data_limit")
        assert 90 * MEGABYTE < limit - first < 200 * MEGABYTE
        assert checkpoint.fork().node.value("data_limit") == -1

    def test_a_lower_limit_of_the_user_is_kept(server: Forkserver) -> None:
        original = server.fork()
        original.node.value("limit_data", 2000 * MEGABYTE)

        assert original.fork(memoryBytes=10_000 * MEGABYTE).node.value("data_limit") == 2000 * MEGABYTE
        assert original.fork(memoryBytes=MEGABYTE).node.value("data_limit") < 2000 * MEGABYTE
        assert original.fork().node.value("data_limit") == 2000 * MEGABYTE

    def test_libraries_that_are_loaded_later_find_the_threads_in_the_environment(server: Forkserver) -> None:
        worker = server.fork(threads=dict.fromkeys(VARIABLES, 3))

        assert [worker.node.value("environment", name) for name in VARIABLES] == ["3"] * 4
        assert server.fork().node.value("environment", "OMP_NUM_THREADS") == "1"

    def test_loaded_libraries_are_told_or_it_is_said_what_is_missing(server: Forkserver) -> None:
        one, three = server.fork(), server.fork(threads={"OMP_NUM_THREADS": 3})
        for worker in (one, three):
            worker.node.send(Kind.CLOSE, None)

        assert one.channels["stderr"].read_all() == ""
        advice = three.channels["stderr"].read_all()
        assert advice == "" or advice.startswith("slither_worker: more threads were asked for")

    def test_torch_is_told_its_threads_and_seeded(server: Forkserver) -> None:
        original = server.fork()
        original.node.value("pretend_cuda", False)

        copy = original.fork(threads={"OMP_NUM_THREADS": 2}, reseed=True)
        assert copy.node.value("recall", "torch threads") == 2
        assert copy.node.value("recall", "torch was seeded") is True

    def test_a_global_state_that_cannot_be_seeded_is_reported(server: Forkserver) -> None:
        original = server.fork()
        original.node.value("break_numpy_seed")
        copy = original.fork(reseed=True)
        copy.node.send(Kind.CLOSE, None)

        assert "no seed" in copy.channels["stderr"].read_all()


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "VECLIB_MAXIMUM_THREADS"):
        monkeypatch.setenv(name, "1")


def _stand_in(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """Put a module in the place of threadpoolctl that notes what it is told."""
    told: list[dict[str, int]] = []
    module: Any = ModuleType("threadpoolctl")
    module.threadpool_limits = told.append
    monkeypatch.setitem(sys.modules, "threadpoolctl", module)
    monkeypatch.setitem(sys.modules, "numpy", ModuleType("numpy"))
    return told


@pytest.mark.usefixtures("unset")
def test_pools_of_loaded_libraries_are_set_as_their_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _stand_in(monkeypatch)
    threads.use_threads({"OMP_NUM_THREADS": 2, "MKL_NUM_THREADS": 3})
    threads.use_threads({})

    assert told == [{"openmp": 2, "blas": 3}]


@pytest.mark.usefixtures("unset")
def test_without_threadpoolctl_it_is_said_that_loaded_libraries_keep_their_threads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    monkeypatch.setitem(sys.modules, "numpy", ModuleType("numpy"))
    threads.use_threads({"OMP_NUM_THREADS": 4})

    assert capsys.readouterr().err == (
        "slither_worker: more threads were asked for, but numeric libraries are loaded already, and"
        " threadpoolctl, which could tell them, is missing; run:"
        f" {sys.executable} -m pip install threadpoolctl\n"
    )
    threads.use_threads({"OMP_NUM_THREADS": 1})
    assert capsys.readouterr().err == ""
