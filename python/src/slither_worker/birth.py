"""The birth of a forked process, which finds its own connections made, and keeps none of its original."""

from __future__ import annotations

import os
from dataclasses import dataclass
from socket import socket

import msgspec

from slither_worker.channel import Channel
from slither_worker.connect import connect_for_child, say_hello
from slither_worker.control import Control
from slither_worker.errors import CallFailure
from slither_worker.protocol import ChannelName
from slither_worker.streams import STREAM_DESCRIPTORS, redirect_stream


class ForkRequest(msgspec.Struct):
    """The body of FORK: the token of the new process, its channels, to be connected in that order.

    One that is `idle` will wait for its session.
    """

    token: str
    channels: list[ChannelName]
    idle: bool


@dataclass
class Connections:
    """What a worker talks to Node on; one without `control` runs no code."""

    calls: Channel
    control: Control | None

    def close(self) -> None:
        """Close them, in a copy, which gets others."""
        self.calls.close()
        if self.control is not None:
            self.control.close()


def fork_request(body: bytes) -> ForkRequest:
    """Decode the body of FORK; fails with `protocol`."""
    try:
        request = msgspec.msgpack.decode(body, type=ForkRequest)
    except msgspec.MsgspecError as error:
        raise CallFailure("protocol", f"a FORK message cannot be decoded: {error}") from None
    if "calls" not in request.channels:
        raise CallFailure("protocol", "a FORK message does not name the channel `calls`")
    return request


class Birth:
    """A process that is about to be made, and its connections.

    Its original makes them: what that writes to is memory of its own, where the new process would have to
    copy each page first; and Node sees the end of the new process from its first moment on.
    """

    def __init__(self, path: str, request: ForkRequest) -> None:
        """Connect it to Node's socket at `path`; fails with `fork_refused`."""
        self.idle = request.idle
        self._token = request.token
        self._sockets: list[tuple[ChannelName, socket]] = []
        try:
            for name in request.channels:
                self._sockets.append((name, connect_for_child(path, request.token, name)))
        except OSError as error:
            self.let_go()
            raise CallFailure("fork_refused", f"the new process cannot be connected: {error}") from None

    def let_go(self) -> None:
        """Close the connections in the original. While it holds them, the end of the process is not seen."""
        for _, connection in self._sockets:
            connection.close()
        self._sockets.clear()

    def say_hello(self) -> None:
        """In the new process, say its id to Node, which answers while the rest is done.

        From then on Node may kill its group, so it leads one before. It ends when Node is gone.
        """
        os.setsid()
        for name, connection in self._sockets:
            if name == "calls":
                try:
                    say_hello(connection, self._token, name, os.getpid())
                except OSError:
                    os._exit(1)

    def take_connections(self) -> Connections:
        """In the new process, use the connections; what is printed where there is none is thrown away."""
        sockets = dict(self._sockets)
        self._sockets.clear()
        for name, descriptor in STREAM_DESCRIPTORS.items():
            redirect_stream(descriptor, sockets.pop(name, None))
        calls = Channel(sockets.pop("calls"))
        control = Control(sockets.pop("control")) if "control" in sockets else None
        if control is not None:
            control.listen()
        for connection in sockets.values():
            connection.close()
        return Connections(calls, control)
