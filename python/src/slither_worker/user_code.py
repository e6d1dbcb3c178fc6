"""Running the user's code: what it raises is the failure of its call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from slither_worker.errors import CallFailure
from slither_worker.interrupts import run_user_code, was_cancelled


def timed(function: Callable[[], Any]) -> tuple[Any, int]:
    """Call a function; returns its value and the nanoseconds that it took, or fails with what it raises."""
    started = time.monotonic_ns()
    try:
        value = run_user_code(function)
    except BaseException as error:  # Also SystemExit and KeyboardInterrupt: only Node ends a session.
        raise failure_of(error) from None
    return value, time.monotonic_ns() - started


def failure_of(error: BaseException) -> CallFailure:
    """Make the failure of a call whose code has raised this."""
    if was_cancelled():
        return CallFailure.of_cancelled_code(error)
    return error if isinstance(error, CallFailure) else CallFailure.of_user_code(error)
