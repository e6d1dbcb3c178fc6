"""The first moments of a forked process: its own connections, and nothing of what its original had."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from slither_worker.channel import Channel
from slither_worker.connect import connect
from slither_worker.control import Control
from slither_worker.errors import CallFailure
from slither_worker.protocol import ChannelName
from slither_worker.streams import STREAM_DESCRIPTORS, redirect_stream, silence_streams


class ForkRequest(msgspec.Struct):
    """The body of FORK: the token of the new process, the channels that it opens, in that order.

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


def open_connections(path: str, request: ForkRequest) -> Connections:
    """Open the channels of this process; raises `OSError` when Node is gone."""
    silence_streams()
    calls: Channel | None = None
    control: Control | None = None
    for name in request.channels:
        connection = connect(path, request.token, name)
        if name in STREAM_DESCRIPTORS:
            redirect_stream(STREAM_DESCRIPTORS[name], connection)
        elif name == "control":
            control = Control(connection)
            control.listen()
        elif name == "calls":
            calls = Channel(connection)
        else:
            connection.close()
    assert calls is not None
    return Connections(calls, control)
