"""Raising in the user code of one call, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Final, TypeVar

from slither_worker.frames import Frame
from slither_worker.protocol import NO_CALL, Kind

_Value = TypeVar("_Value")

# Raised in there, an exception leaves modules half made, and compilers broken or crashed.
_UNINTERRUPTIBLE_FILES: Final = ("<frozen importlib",)
_UNINTERRUPTIBLE_FOLDERS: Final = ("/numba/core/", "/llvmlite/")

_running_call = NO_CALL
_running_step = 0
_cancel_was_heard = False
_memory_was_heard = False
_raised_memory: bytes | None = None
"""The MEMORY that has raised in this call: the same one is sent again and again."""


class Cancelled(BaseException):
    """Raised in the code of a call that is to stop: it was aborted in Node, or its time has run out.

    It is no `Exception`, so that `except Exception` does not swallow it. Code may clean up in `finally` and
    `except Cancelled` blocks, which are not interrupted again, and should let it go on; code that swallows it
    is interrupted again, and killed with its process in the end.
    """


Cancelled.__module__ = "slither_worker"


def begin_call(call: int) -> None:
    """Say which call this process works on from now on."""
    global _running_call, _running_step  # noqa: PLW0603
    global _cancel_was_heard, _memory_was_heard, _raised_memory  # noqa: PLW0603
    _cancel_was_heard = False
    _memory_was_heard = False
    _raised_memory = None
    _running_step = 0
    _running_call = call


def end_call() -> None:
    """Say that the call is answered."""
    global _running_call  # noqa: PLW0603
    _running_call = NO_CALL


def running_call() -> int:
    """Return the id of the call that this process works on."""
    return _running_call


def begin_step(step: int) -> None:
    """Say which step of its batch the call is at from now on."""
    global _running_step  # noqa: PLW0603
    _running_step = step


def running_step() -> int:
    """Return the step of the batch that is running; 0 in a call."""
    return _running_step


def used_too_much_memory() -> bool:
    """Tell whether this call, or the last one, was told that the process uses too much memory."""
    return _memory_was_heard


def was_cancelled() -> bool:
    """Tell whether this call, or the last one, was to be cancelled: what leaves its code counts as that."""
    return _cancel_was_heard


def run_user_code(function: Callable[[], _Value]) -> _Value:
    """Call a function; while this function is on the stack, and only then, `interrupt` may raise.

    So the caller has to be ready for anything that is raised here, and everything else, such as the decoding
    and sending of messages, is safe from interruption without being told.
    """
    return function()


def interrupt(messages: Iterable[Frame], stack: FrameType | None) -> None:
    """Obey what Node has sent, in a signal handler that has interrupted `stack`.

    Raises `Cancelled` or `MemoryError` when a message is meant for the call that is running and its code can
    be interrupted now. Else nothing happens: Node sends both again until the call is answered. A MEMORY whose
    body has raised already raises nothing.
    """
    global _cancel_was_heard, _memory_was_heard, _raised_memory  # noqa: PLW0603
    meant = {message.kind: message.body for message in messages if message.call == _running_call != NO_CALL}
    memory = meant.get(Kind.MEMORY)
    if Kind.CANCEL in meant:
        _cancel_was_heard = True
    if memory is not None:
        _memory_was_heard = True
    if (Kind.CANCEL not in meant and memory in (None, _raised_memory)) or not _may_raise(stack):
        return
    if Kind.CANCEL in meant:
        raise Cancelled("the call was cancelled")
    _raised_memory = memory
    raise MemoryError("the process uses more memory than its session may have")


def _may_raise(stack: FrameType | None) -> bool:
    while stack is not None:
        if stack.f_code is run_user_code.__code__:
            return not _cancelled_is_handled()
        file = stack.f_code.co_filename
        if file.startswith(_UNINTERRUPTIBLE_FILES) or any(part in file for part in _UNINTERRUPTIBLE_FOLDERS):
            return False
        stack = stack.f_back
    return False


def _cancelled_is_handled() -> bool:
    waiting = [sys.exc_info()[1]]
    seen: set[int] = set()
    while waiting:
        error = waiting.pop()
        if isinstance(error, Cancelled):
            return True
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            waiting += [error.__cause__, error.__context__]
    return False
