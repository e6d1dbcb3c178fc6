"""The real forkserver, and the workers that it makes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from node_side import (
    FIXTURES,
    LIVE_CHANNELS,
    PYTHON,
    Forkserver,
    ask_for_fork,
    end_of_process,
    meet,
    pid_of,
    wait_for_ends,
)

from slither_worker.protocol import VERSION, Kind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the forkserver needs Linux")


def descriptors_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def children_of(pid: int) -> dict[int, str]:
    """Return the states of the children of a process, by their ids."""
    states: dict[int, str] = {}
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            states[int(entry)] = fields[0]
    return states


def test_the_forkserver_says_who_it_is_and_what_it_has_imported() -> None:
    with Forkserver(["json", "sample"]) as server:
        assert server.hello == {
            "protocol": VERSION,
            "token": "token of the forkserver",
            "channel": "forkserver",
            "pid": server.process.pid,
            "python": server.hello["python"],
        }
        assert list(server.preloaded) == ["modules", "unsafe"]
        assert [name for name, _ in server.preloaded["modules"]] == ["json", "sample"]
        assert all(
            type(nanoseconds) is int and nanoseconds > 0 for _, nanoseconds in server.preloaded["modules"]
        )
        assert server.preloaded["unsafe"] is None


def test_a_forked_worker_opens_its_channels_in_the_order_that_was_asked_for() -> None:
    with Forkserver() as server:
        for channels in (LIVE_CHANNELS, ("calls",), ("calls", "stderr", "control")):
            assert server.fork(channels).order == list(channels)


def test_a_forked_worker_serves_its_session() -> None:
    with Forkserver(["sample"]) as server:
        worker = server.fork(session="session-b")

        assert worker.node.value("session") == "session-b"
        assert worker.node.value("pid") == worker.pid
        assert (
            worker.node.error(Kind.CALL, "sample", "raise_value_error", ["no"], {}, "value")["type"]
            == "ValueError"
        )
        assert worker.node.value("environment", "SLITHER_TOKEN") is None


def test_a_forked_worker_has_the_modules_and_the_search_path_of_the_forkserver() -> None:
    with Forkserver(["sample"]) as server:
        worker = server.fork()
        kind, body = worker.node.ask(Kind.CALL, "sys", "modules.__contains__", ["sample"], {}, "value")

        assert (kind, body[0]) == (Kind.RESULT, True)
        assert str(FIXTURES) in worker.node.value("search_path")


def test_two_sessions_never_share_state() -> None:
    with Forkserver(["sample"]) as server:
        first, second = server.fork(session="a"), server.fork(session="b")
        first.node.value("keep", "key", 1)
        second.node.value("keep", "key", 2)

        assert (first.node.value("recall", "key"), second.node.value("recall", "key")) == (1, 2)
        assert (first.node.value("session"), second.node.value("session")) == ("a", "b")
        assert first.node.error(Kind.REF_GET, 1, "value", "value")["code"] == "ref"


def test_new_sessions_have_random_states_of_their_own() -> None:
    with Forkserver(["sample", "numpy"]) as server:
        drawn = [server.fork(reseed=reseed).node.value("random_numbers") for reseed in (True, False, False)]

    assert len({number for numbers in drawn for number in numbers}) == 6


def test_a_forked_worker_leads_a_group_and_a_session_of_its_own() -> None:
    with Forkserver() as server:
        worker = server.fork()

        assert worker.node.value("process_group_and_session") == [worker.pid, worker.pid]


def test_what_a_forked_worker_prints_goes_to_its_own_streams() -> None:
    with Forkserver() as server:
        first, second = server.fork(), server.fork()
        first.node.value("write_everywhere")
        first.node.value("write_from_c")
        second.node.send(Kind.CLOSE, None)
        first.node.send(Kind.CLOSE, None)

        assert second.channels["stdout"].read_all() == ""
        expected = "from print\nfrom write to 1\nfrom a child process\nfrom C\n"
        assert first.channels["stdout"].read_all() == expected
        assert first.channels["stderr"].read_all() == "from print to stderr\nfrom write to 2\n"
        server.send(Kind.CLOSE, None)
        assert server.finish() == (0, "", "")


def test_without_streams_what_is_printed_is_thrown_away() -> None:
    with Forkserver() as server:
        worker = server.fork(("control", "calls"))
        worker.node.value("write_everywhere")

        assert worker.node.value("descriptor_targets") == [os.devnull, os.devnull]
        worker.close()
        server.send(Kind.CLOSE, None)
        assert server.finish() == (0, "", "")


def test_what_is_printed_while_preloading_is_printed_once() -> None:
    with Forkserver(["prints_at_import"]) as server:
        workers = [server.fork() for _ in range(2)]
        for worker in workers:
            worker.node.send(Kind.CLOSE, None)
            assert worker.channels["stdout"].read_all() == ""
        server.send(Kind.CLOSE, None)

        assert server.finish() == (0, "from Python, from C", "")


def test_a_forked_worker_keeps_no_descriptor_of_the_forkserver() -> None:
    with Forkserver() as server:
        first = server.fork().node.value("held_descriptors")
        for _ in range(5):
            server.fork()

        # Three standard streams, two channels, and the folder that is listed.
        assert first == server.fork().node.value("held_descriptors") == 6


def test_ends_of_workers_are_reported_with_code_or_signal() -> None:
    with Forkserver(["sample"]) as server:
        closed, hung_up, killed, exited = (server.fork() for _ in range(4))
        closed.node.send(Kind.CLOSE, None)
        hung_up.close()
        killed.node.begin("kill_itself")
        exited.node.begin("leave_at_once", 7)

        assert server.end_of(closed.pid) == (0, None)
        assert server.end_of(hung_up.pid) == (0, None)
        assert server.end_of(killed.pid) == (None, "SIGKILL")
        assert server.end_of(exited.pid) == (7, None)


def test_ends_of_orphans_are_reported_too() -> None:
    with Forkserver() as server:
        worker = server.fork()
        for number, name in ((signal.SIGTERM, "SIGTERM"), (signal.SIGRTMIN + 3, "SIGRTMIN+3")):
            daemon = worker.node.value("become_a_daemon_elsewhere")
            os.kill(daemon, number)
            assert server.end_of(daemon) == (None, name)


def test_functions_registered_with_atexit_run_when_a_forked_worker_is_closed() -> None:
    with Forkserver() as server:
        worker = server.fork()
        worker.node.value("print_at_exit")
        worker.node.send(Kind.CLOSE, None)

        assert worker.channels["stdout"].read_all() == "at exit\n"


def test_a_module_that_does_not_exist_is_named() -> None:
    with Forkserver(["json", "no_such_module"], preloaded=False) as server:
        answer = server.receive()
        assert answer is not None
        assert answer[:2] == (Kind.ERROR, 0)
        assert (answer[2]["code"], answer[2]["missing"]) == ("module_not_found", "no_such_module")
        assert server.receive() is None
        assert server.finish()[0] == 0


def test_a_module_that_fails_at_import_is_named_with_its_exception() -> None:
    with Forkserver(["fails_at_import"], preloaded=False) as server:
        answer = server.receive()
        assert answer is not None
        assert (answer[2]["code"], answer[2]["module"]) == ("module_failed", "fails_at_import")
        assert answer[2]["cause"]["message"] == "no configuration"
        assert server.receive() is None


def test_modules_that_leave_a_thread_running_make_forks_unsafe() -> None:
    with Forkserver(["starts_a_thread_at_import"]) as server:
        assert server.preloaded["unsafe"] == "your code left threads running: watcher"

        call = server.next_call()
        server.send(Kind.FORK, {"token": "a", "channels": ["calls"], "idle": False}, call)
        kind, error = server.answer(call)
        assert (kind, error["code"]) == (Kind.ERROR, "fork_refused")
        assert error["message"] == server.preloaded["unsafe"]


def test_a_fork_that_the_system_refuses_is_an_answer_and_the_next_one_may_work() -> None:
    with Forkserver(["breaks_the_first_fork"]) as server:
        call = server.next_call()
        server.send(Kind.FORK, {"token": "a", "channels": ["calls"], "idle": False}, call)
        kind, error = server.answer(call)

        assert (kind, error["code"]) == (Kind.ERROR, "fork_refused")
        assert error["message"] == f"the system refused to make a process: {os.strerror(11)}"
        assert server.fork().node.value("identity", 1) == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.CALL, None),
        (0x7F, None),
        (Kind.FORK, None),
        (Kind.FORK, {"token": "a", "channels": ["no such channel"], "idle": False}),
        (Kind.FORK, {"token": "a", "channels": ["control"], "idle": False}),
        (Kind.FORK, {"channels": ["calls"], "idle": False}),
    ],
)
def test_what_is_no_message_to_a_forkserver_is_answered_with_protocol(kind: int, body: object) -> None:
    with Forkserver() as server:
        call = server.next_call()
        server.send(kind, body, call)
        answer, error = server.answer(call)

        assert (answer, error["code"]) == (Kind.ERROR, "protocol")
        assert server.fork().node.value("identity", 1) == 1


@pytest.mark.parametrize("manner", ["close", "hang up"])
def test_at_the_end_of_the_forkserver_no_process_is_left(manner: str) -> None:
    with Forkserver(["sample"]) as server:
        worker, copied = server.fork(), server.fork()
        copy = copied.fork()
        started = [worker.node.value("start_a_child"), copy.node.value("become_a_daemon_elsewhere")]
        started += [worker.node.value("become_a_daemon_elsewhere")]
        worker.node.begin("compute_until", "/nowhere")
        assert worker.channels["stdout"].read_line() == "computing\n"
        ends = [end_of_process(pid) for pid in (worker.pid, copied.pid, copy.pid, *started)]
        if manner == "close":
            server.send(Kind.CLOSE, None)
        else:
            server.hang_up()

        wait_for_ends(ends)
        assert server.finish() == (0, "", "")
        assert os.path.exists(server.listener.folder) == (manner == "close")


def test_the_end_of_node_is_heard_while_forks_are_waited_for() -> None:
    with Forkserver(["sample"]) as server:
        for number in range(500):
            server.send(Kind.FORK, {"token": f"{number}", "channels": ["calls"], "idle": False}, number + 1)
        assert server.receive() is not None
        server.hang_up()

        assert server.finish()[0] == 0
        assert not os.path.exists(server.listener.folder)


def test_all_workers_and_copies_die_with_the_forkserver() -> None:
    with Forkserver(["sample"]) as server:
        worker, checkpoint = server.fork(), server.fork().fork(("calls",))
        busy = checkpoint.fork()
        busy.node.begin("compute_until", "/nowhere")
        assert busy.channels["stdout"].read_line() == "computing\n"
        ends = [end_of_process(forked.pid) for forked in (worker, checkpoint, busy)]
        server.process.kill()

        wait_for_ends(ends)


def test_a_forkserver_dies_with_node_while_it_imports(tmp_path: Path) -> None:
    start_and_wait = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with Forkserver(
        ["waits_at_import"],
        preloaded=False,
        parent=[PYTHON, "-c", start_and_wait],
        env={"END_OF_IMPORT": str(tmp_path / "end")},
    ) as server:
        assert server.process.stdout is not None
        assert server.process.stdout.readline() == b"computing\n"
        end = end_of_process(server.hello["pid"])
        server.process.kill()

        wait_for_ends([end])


def test_functions_for_copies_that_a_preloaded_module_registers_run_in_every_session() -> None:
    with Forkserver(["registers_after_fork"]) as server:
        for session in ("a", "b"):
            worker = server.fork(session=session)
            worker.node.send(Kind.CLOSE, None)
            assert worker.channels["stdout"].read_all() == f"after the fork of {session}\n"


def test_a_thousand_forks_at_once() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Forkserver(["sample"]) as server:
        before = descriptors_of(server.process.pid)
        started = time.monotonic()
        for number in range(1000):
            server.send(Kind.FORK, {"token": f"{number}", "channels": ["calls"], "idle": False}, number + 1)
        for number in range(1000):
            assert server.answer(number + 1) == (Kind.FORKED, None)
        workers = [
            meet(server.listener, f"{number}", ["calls"], session=f"{number}") for number in range(1000)
        ]
        print(f"{time.monotonic() - started:.2f} s")
        assert [worker.node.value("session") for worker in workers] == [str(number) for number in range(1000)]

        for worker in workers:
            worker.close()
        assert {server.end_of(worker.pid) for worker in workers} == {(0, None)}
        assert descriptors_of(server.process.pid) == before
        assert children_of(server.process.pid) == {}


def test_two_hundred_rounds_leave_no_descriptor_and_no_zombie() -> None:
    with Forkserver(["sample"]) as server:
        session = server.fork()
        before = descriptors_of(server.process.pid), descriptors_of(session.pid)
        for _ in range(100):
            worker = server.fork()
            copy = session.fork()
            for forked in (worker, copy):
                forked.node.send(Kind.CLOSE, None)
                assert server.end_of(forked.pid) == (0, None)
                forked.close()

        assert (descriptors_of(server.process.pid), descriptors_of(session.pid)) == before
        assert children_of(server.process.pid) == {session.pid: "S"}
        assert children_of(session.pid) == {}


def test_the_forkserver_survives_that_a_worker_is_not_let_in() -> None:
    with Forkserver() as server:
        token = ask_for_fork(server, ["calls"])
        _, connection = server.listener.accept(token)
        pid = pid_of(connection, token)
        connection.close()

        assert server.end_of(pid) == (0, None)
        assert server.fork().node.value("identity", 1) == 1


def test_the_usage_names_the_forkserver() -> None:
    ended = subprocess.run(
        [PYTHON, str(FIXTURES.parents[1] / "src" / "slither_worker"), "--socket", "a", "--forksrver"],
        env={**os.environ, "SLITHER_TOKEN": "a"},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 1
    assert b"[--forkserver]" in ended.stderr
