"""Functions of user code that are called in a new copy of its process."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[[], Any])

_functions: list[Callable[[], Any]] = []


def after_fork(function: _Function) -> _Function:
    """Have a function called in every copy of this process, before the first call of the copy.

    It takes no arguments; what it returns is ignored. It is called when the copy has its own session id
    (`session_id()`) and its own output, so it can open anew what a copy must not share: connections, files,
    sockets. Functions are called in the order in which they were registered. An exception in one is printed
    with its traceback and does not stop the others.

    A checkpoint is a copy that does not run: nothing is called in it, but in every process that is restored
    from it. A module that was preloaded is copied into every session, so what it has registered is called in
    every session. Copies inherit the registration.

    Returns the function, so this can be used as a decorator.
    """
    _functions.append(function)
    return function


def run_after_fork() -> None:
    """Call what was registered."""
    for function in tuple(_functions):
        try:
            function()
        except BaseException:  # Also SystemExit: only Node ends a session.
            traceback.print_exc()
