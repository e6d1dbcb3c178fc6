"""The real worker process over a Unix socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from node_side import FIXTURES, PACKAGE, WorkerProcess

from slither_worker.protocol import VERSION, Kind


def test_a_worker_says_who_it_is_before_anything_else() -> None:
    with WorkerProcess() as worker:
        assert worker.hello == {
            "protocol": VERSION,
            "token": "one-time-token",
            "channel": "calls",
            "pid": worker.process.pid,
            "python": sys.version.split()[0],
        }
        assert list(worker.hello) == ["protocol", "token", "channel", "pid", "python"]
        assert worker.control_hello == {**worker.hello, "channel": "control"}


def test_user_code_sees_the_session_but_not_the_token() -> None:
    with WorkerProcess() as worker:
        assert worker.node.value("session") == "session-a"
        assert worker.node.value("environment", "SLITHER_TOKEN") is None


def test_close_ends_the_worker_with_code_0() -> None:
    with WorkerProcess() as worker:
        worker.node.send(Kind.CLOSE, None)

        assert worker.node.receive() is None
        assert worker.finish() == (0, "", "")


def test_the_end_of_the_connection_ends_the_worker_with_code_0() -> None:
    with WorkerProcess() as worker:
        worker.node.close()

        assert worker.finish() == (0, "", "")


def test_the_end_of_the_connection_before_the_welcome_ends_the_worker() -> None:
    with WorkerProcess(welcomed=False) as worker:
        worker.node.close()

        assert worker.finish() == (0, "", "")


def test_another_message_than_the_welcome_ends_the_worker_with_a_reason() -> None:
    with WorkerProcess(welcomed=False) as worker:
        worker.node.send(Kind.CLOSE, None)
        code, _, err = worker.finish()

        assert code == 1
        assert err == "slither_worker: expected the message WELCOME, got kind 0x16\n"


def test_a_thread_of_user_code_does_not_keep_the_worker_alive() -> None:
    with WorkerProcess() as worker:
        worker.node.value("start_a_thread_that_never_ends")
        worker.node.send(Kind.CLOSE, None)

        assert worker.finish() == (0, "", "")


def test_what_is_printed_goes_to_the_streams_and_never_to_the_channel() -> None:
    with WorkerProcess() as worker:
        for _ in range(3):
            assert worker.node.value("write_everywhere") is None
        worker.node.send(Kind.CLOSE, None)
        code, out, err = worker.finish()

    assert code == 0
    assert out == "from print\nfrom write to 1\nfrom a child process\n" * 3
    assert err == "from print to stderr\nfrom write to 2\n" * 3


def test_what_c_code_has_printed_is_not_lost_at_the_end() -> None:
    with WorkerProcess() as worker:
        worker.node.value("write_from_c")
        worker.node.send(Kind.CLOSE, None)

        assert worker.finish() == (0, "from C\n", "")


def test_functions_registered_with_atexit_run_at_close() -> None:
    with WorkerProcess() as worker:
        worker.node.value("print_at_exit")
        worker.node.send(Kind.CLOSE, None)

        assert worker.finish() == (0, "at exit\n", "")


def test_a_line_comes_out_while_the_call_that_printed_it_still_runs() -> None:
    with WorkerProcess() as worker:
        worker.node.send(Kind.CALL, ["sample", "announce_and_wait_forever", [], {}, "value"], 1)
        assert worker.process.stdout is not None

        assert worker.process.stdout.readline() == b"waiting\n"


def test_text_that_utf8_cannot_say_can_be_printed() -> None:
    with WorkerProcess() as worker:
        worker.node.ask(Kind.CALL, "builtins", "print", ["ü"], {}, "value")
        worker.node.ask(Kind.CALL, "builtins", "exec", ["print('\\ud800')"], {}, "value")
        worker.node.send(Kind.CLOSE, None)

        assert worker.finish() == (0, "ü\n\\ud800\n", "")


def test_calls_that_exit_or_fail_at_import_leave_the_worker_in_service() -> None:
    with WorkerProcess() as worker:
        assert worker.node.error(Kind.CALL, "sample", "exit_with", [3], {}, "value")["type"] == "SystemExit"
        for _ in range(2):
            error = worker.node.error(Kind.CALL, "fails_at_import", "function", [], {}, "value")
            assert (error["code"], error["cause"]["message"]) == ("module_failed", "no configuration")
            assert "slither_worker" not in error["traceback"]
        assert worker.node.value("identity", 1) == 1


def test_modules_are_looked_for_in_the_standard_library_then_in_the_folders_of_the_session() -> None:
    with WorkerProcess() as worker:
        search_path = worker.node.value("search_path")

    library = os.path.dirname(os.__file__)
    position = search_path.index(str(FIXTURES))
    assert search_path.index(library) < position
    assert search_path[position + 1] == str(PACKAGE.parent)
    assert "" not in search_path
    assert str(PACKAGE) not in search_path
    assert all("site-packages" not in entry for entry in search_path[:position])


def test_the_modules_of_the_worker_have_no_short_names() -> None:
    with WorkerProcess() as worker:
        error = worker.node.error(Kind.CALL, "runtime", "Runtime", [], {}, "value")

        assert error["code"] == "module_not_found"
        assert worker.node.value("loaded", "slither_worker.runtime") is True


def test_numpy_is_not_imported_by_the_worker() -> None:
    with WorkerProcess() as worker:
        assert worker.node.value("loaded", "numpy") is False


def test_child_processes_of_multiprocessing_do_not_become_workers() -> None:
    with WorkerProcess() as worker:
        assert worker.node.value("square_in_child_processes", [2, 3]) == [4, 9]


def test_a_forked_child_does_not_hide_the_death_of_the_worker() -> None:
    end_of_test, release_child = os.pipe()
    with WorkerProcess(inherited=end_of_test) as worker:
        worker.node.value("fork_a_child_that_outlives_this_process", end_of_test)
        worker.process.send_signal(signal.SIGKILL)

        assert worker.node.receive() is None
        os.close(release_child)
        os.close(end_of_test)


if sys.platform == "linux":

    def test_a_worker_that_computes_dies_with_its_parent() -> None:
        start_and_wait = "import subprocess, sys; subprocess.run(sys.argv[1:])"
        with WorkerProcess(parent=[sys.executable, "-c", start_and_wait]) as worker:
            worker.node.send(Kind.CALL, ["sample", "announce_and_wait_forever", [], {}, "value"], 1)
            assert worker.process.stdout is not None
            assert worker.process.stdout.readline() == b"waiting\n"
            worker.process.send_signal(signal.SIGKILL)

            assert worker.node.receive() is None

    def test_the_bytes_of_a_large_message_are_let_go_before_its_work_begins() -> None:
        payload = bytes(100_000_000)
        with WorkerProcess() as worker:
            before = worker.node.value("resident_bytes", b"")
            during = worker.node.value("resident_bytes", payload)

        assert during - before < 1.5 * len(payload)


@pytest.mark.parametrize(
    ("arguments", "token"),
    [([], "a"), (["--socket"], "a"), (["--port", "1"], "a"), (["--socket", "b"], None)],
)
def test_a_worker_started_by_hand_says_how_it_is_started(arguments: list[str], token: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SLITHER_TOKEN"}
    if token is not None:
        environment["SLITHER_TOKEN"] = token
    ended = subprocess.run(
        [sys.executable, str(PACKAGE), *arguments], env=environment, capture_output=True, check=False
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith(b"usage: SLITHER_TOKEN=... python slither_worker --socket PATH")
