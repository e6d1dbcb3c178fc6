"""The identity of the session that this process computes for."""

from __future__ import annotations

_session: str | None = None


def session_id() -> str:
    """Return the id of the session whose private process this is, as text.

    Raises `RuntimeError` in a process that is not a worker, such as a child process that user code started.
    """
    if _session is None:
        raise RuntimeError("this process does not belong to a session: it was not started by slither-ts")
    return _session


def begin(session: str) -> None:
    """Say which session this process belongs to."""
    global _session  # noqa: PLW0603
    _session = session
