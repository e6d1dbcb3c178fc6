"""WELCOME: what Node tells a worker about itself, before its first call."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from slither_worker import answer_blocks, progress, random_state, search_path, session, shared_memory
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
    progress: tuple[str, int] | None = None
    """The file, and the place in it, to note progress in."""
    shared_memory: tuple[int, int] | None = None
    """The process id of Node, and the size from which arrays are put into shared memory."""


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


def obey(welcome: Welcome, random: Any) -> bool:
    """Become what WELCOME says; `random` is the random state of the original, kept unless it says else.

    Returns false when this process cannot get at the shared memory that it was told of.
    """
    session.begin(welcome.session)
    search_path.insert_after_standard_library(welcome.python_path)
    use_threads(welcome.threads)
    if welcome.reseed:
        random_state.reseed()
    else:
        random_state.restore(random)
    limit_memory(welcome.memory_bytes)
    if welcome.progress is not None:
        progress.open_page(*welcome.progress)
    return _share_memory(*welcome.shared_memory) if welcome.shared_memory else _share_none()


def _share_memory(node: int, share_from: int) -> bool:
    can_read = shared_memory.can_read(node)
    answer_blocks.begin(share_from if can_read else None)
    return can_read


def _share_none() -> bool:
    answer_blocks.begin(None)
    return True
