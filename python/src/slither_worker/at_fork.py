"""Sockets that a forked process must not share with this one."""

from __future__ import annotations

import os
from socket import socket

_connections: list[socket] = []
_registered = False


def detach_in_children(connection: socket) -> None:
    """Keep processes that are forked from this one, by user code too, away from a connection.

    A copy of the socket in such a child would keep Node from seeing that this process is gone.
    """
    global _registered  # noqa: PLW0603
    # A hook can never be taken away and is inherited: it must not be registered once per generation.
    if not _registered:
        os.register_at_fork(after_in_child=_detach_all)
        _registered = True
    _connections.append(connection)


def forget(connection: socket) -> None:
    """Stop looking after a connection, which is about to be closed."""
    if connection in _connections:
        _connections.remove(connection)


def _detach_all() -> None:
    # The descriptors are replaced, not closed: their numbers must not come to mean other files.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for connection in _connections:
        if connection.fileno() >= 0:
            os.dup2(nowhere, connection.fileno(), inheritable=False)
    os.close(nowhere)
    _connections.clear()
