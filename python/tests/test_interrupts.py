from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

import slither_worker
from slither_worker.frames import Frame
from slither_worker.interrupts import (
    Cancelled,
    begin_call,
    end_call,
    interrupt,
    run_user_code,
    used_too_much_memory,
    was_cancelled,
)
from slither_worker.protocol import NO_CALL, Kind

CANCEL = Frame(Kind.CANCEL, 7, b"\xc0")
MEMORY = Frame(Kind.MEMORY, 7, b"\xc0")


@pytest.fixture(autouse=True)
def running_call() -> Iterator[None]:
    begin_call(7)
    yield
    # What was heard stays until the next call begins.
    begin_call(NO_CALL)
    end_call()


def stack() -> FrameType:
    return sys._getframe(1)


def signal(*messages: Frame) -> None:
    """Stand for the signal handler, which interrupts whoever calls this."""
    interrupt(messages, stack())


def in_file(name: str) -> Callable[[], None]:
    """Return a function that is interrupted, and whose code stands in the named file."""
    names: dict[str, Any] = {"interrupt": interrupt, "CANCEL": CANCEL, "stack": sys._getframe}
    exec(compile("def function():\n    interrupt([CANCEL], stack())\n", name, "exec"), names)
    function: Callable[[], None] = names["function"]
    return function


def test_cancelled_is_no_exception_and_known_by_its_public_name() -> None:
    assert slither_worker.Cancelled is Cancelled
    assert not issubclass(Cancelled, Exception)
    assert (Cancelled.__module__, Cancelled.__qualname__) == ("slither_worker", "Cancelled")


def test_user_code_of_the_call_is_interrupted() -> None:
    with pytest.raises(Cancelled):
        run_user_code(lambda: signal(CANCEL))
    with pytest.raises(MemoryError):
        run_user_code(lambda: signal(MEMORY))


def test_where_both_were_sent_the_cancel_counts() -> None:
    with pytest.raises(Cancelled):
        run_user_code(lambda: signal(MEMORY, CANCEL))


def test_code_of_the_worker_is_not_interrupted() -> None:
    signal(CANCEL, MEMORY)

    assert was_cancelled()


def test_memory_raises_once_for_each_body_and_again_in_another_call() -> None:
    def send(*messages: Frame) -> None:
        run_user_code(lambda: signal(*messages))

    again = MEMORY._replace(body=b"\x02")
    for message in (MEMORY, again):
        with pytest.raises(MemoryError):
            send(message)
        send(message)
        send()

    begin_call(7)
    with pytest.raises(MemoryError):
        send(again)


def test_memory_that_could_not_raise_raises_when_it_is_sent_again() -> None:
    signal(MEMORY)
    assert used_too_much_memory()
    with pytest.raises(Cancelled):
        run_user_code(lambda: signal(MEMORY, CANCEL))

    with pytest.raises(MemoryError):
        run_user_code(lambda: signal(MEMORY))


def test_messages_for_other_calls_are_not_heard() -> None:
    run_user_code(lambda: signal(CANCEL._replace(call=8), MEMORY._replace(call=NO_CALL)))

    assert not was_cancelled()


def test_messages_between_calls_are_not_heard() -> None:
    end_call()
    run_user_code(lambda: signal(CANCEL, CANCEL._replace(call=NO_CALL)))

    assert not was_cancelled()


def test_every_call_begins_as_not_cancelled() -> None:
    signal(CANCEL)
    end_call()
    assert was_cancelled()
    begin_call(8)

    assert not was_cancelled()


@pytest.mark.parametrize(
    "name",
    [
        "<frozen importlib._bootstrap>",
        "<frozen importlib._bootstrap_external>",
        "/venv/lib/python3.11/site-packages/numba/core/compiler.py",
        "/venv/lib/python3.11/site-packages/llvmlite/binding/ffi.py",
    ],
)
def test_imports_and_compilers_are_not_interrupted(name: str) -> None:
    run_user_code(in_file(name))

    assert was_cancelled()


@pytest.mark.parametrize("name", ["/venv/site-packages/numba/np/random.py", "/app/importlib_tools.py"])
def test_files_with_similar_names_are_interrupted(name: str) -> None:
    with pytest.raises(Cancelled):
        run_user_code(in_file(name))


def test_the_handling_of_a_cancel_is_not_interrupted() -> None:
    def clean_up() -> str:
        try:
            signal(CANCEL)
        except Cancelled:
            signal(CANCEL)
            try:
                raise LookupError
            except LookupError:
                signal(CANCEL, MEMORY)
        finally:
            pass
        return "cleaned up"

    assert run_user_code(clean_up) == "cleaned up"


def test_what_is_handled_after_a_cancel_is_interrupted_again() -> None:
    reached = []

    def go_on() -> None:
        try:
            signal(CANCEL)
        except Cancelled:
            reached.append(1)
        try:
            raise LookupError
        except LookupError:
            signal(CANCEL)
        reached.append(2)

    with pytest.raises(Cancelled):
        run_user_code(go_on)
    assert reached == [1]


def test_a_chain_of_exceptions_that_leads_back_to_itself_is_walked_once() -> None:
    def in_cycle() -> None:
        first, second = ValueError(), ValueError()
        first.__cause__, second.__cause__ = second, first
        try:
            raise first
        except ValueError:
            signal(CANCEL)

    with pytest.raises(Cancelled):
        run_user_code(in_cycle)
