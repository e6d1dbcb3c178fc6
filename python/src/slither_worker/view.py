"""Asking functions of Node."""

from __future__ import annotations

from collections.abc import Iterable

# By name, at once: user code may replace what stands in the module.
from os import getpid
from typing import Any

from slither_worker.class_names import type_name
from slither_worker.ndarray import is_array
from slither_worker.view_desk import ViewDesk
from slither_worker.view_errors import ViewRefusedError

_desk: ViewDesk | None = None


def view(name: str, /, *, keys: Iterable[Any] | None = None, **params: Any) -> Any:
    """Ask a function of the Node process, and wait for its answer.

    `name` is that of a view that the pipe, the session or the engine was given in `views`. Named arguments
    are what the view gets. With `keys`, it is asked for all of them in one trip, and the answer is a list of
    as many values in the same order. For example:

        feature = view("lookup_feature", key=7)
        features = view("lookup_features", keys=[row["id"] for row in rows])

    It may be called from code of a call, a batch, a method of a ref or a `setup`, also in threads of it. A
    call that is cancelled is so while it waits here, too.

    Raises `ViewRefusedError` for a view that may not be asked here, and in code that no running call of a
    session is waiting for, such as a module that is preloaded, or a child process; `ViewTimeoutError` when it
    has not answered in its time; `ViewError` with what it said when it failed; `TypeError` for an argument
    that cannot be sent, before anything is.
    """
    if not isinstance(name, str):
        raise TypeError(f"expected the name of a view as text, got {type_name(type(name))}")
    desk = _desk
    if desk is None:
        why = "this process is not that of a session; only code that runs in a session can ask"
        raise ViewRefusedError(f"view {name!r} was asked while no call runs: {why}", name)
    if desk.process != getpid():
        why = f"of process {desk.process}, which is the session's; ask there, and give it the answer"
        raise ViewRefusedError(f"view {name!r} was asked in a child process {why}", name)
    return desk.ask(name, params, None if keys is None else _listed(keys))


def open_desk(desk: ViewDesk) -> None:
    """Have `view` ask at this desk from now on."""
    global _desk  # noqa: PLW0603
    _desk = desk


def _listed(keys: Any) -> list[Any]:
    if type(keys) is list:
        return keys
    if isinstance(keys, (str, bytes)):
        raise TypeError(f"expected keys as a list, got {type_name(type(keys))}")
    listed: list[Any] = keys.tolist() if is_array(keys) and keys.ndim == 1 else [*keys]
    return listed
