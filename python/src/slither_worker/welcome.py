"""WELCOME: what Node tells a worker about itself, before its first call."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from slither_worker import random_state, search_path, session
from slither_worker.channel import Channel
from slither_worker.memory_limit import limit_memory
from slither_worker.protocol import Kind
from slither_worker.threads import use_threads


class Welcome(msgspec.Struct, rename="camel"):
    """The body of WELCOME."""

    session: str
    python_path: list[str]
    threads: dict[str, int]
    reseed: bool
    memory_bytes: int | None


def receive_welcome(channel: Channel) -> Welcome | None:
    """Wait for WELCOME; `None` when Node is gone."""
    frame = channel.receive()
    if frame is None:
        return None
    if frame.kind != Kind.WELCOME:
        sys.exit(f"slither_worker: expected the message WELCOME, got kind 0x{frame.kind:02x}")
    return decode_welcome(frame.body)


def decode_welcome(body: bytes) -> Welcome:
    """Decode the body of WELCOME."""
    return msgspec.msgpack.decode(body, type=Welcome)


def obey(welcome: Welcome, random: Any) -> None:
    """Become what WELCOME says; `random` is the random state of the original, kept unless it says else."""
    session.begin(welcome.session)
    search_path.insert_after_standard_library(welcome.python_path)
    use_threads(welcome.threads)
    if welcome.reseed:
        random_state.reseed()
    else:
        random_state.restore(random)
    limit_memory(welcome.memory_bytes)
