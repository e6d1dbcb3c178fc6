"""What every session does first, done once before it is due."""

from __future__ import annotations

import sys
from typing import Final

import msgspec

from slither_worker import random_state
from slither_worker.libc import PR_SET_CHILD_SUBREAPER, prctl
from slither_worker.protocol import Kind
from slither_worker.runtime import Runtime
from slither_worker.welcome import Welcome, decode_welcome, obey

_WELCOME = msgspec.msgpack.encode(
    Welcome(session="", python_path=[], threads={}, reseed=False, memory_bytes=None)
)
_WARMING_ROUNDS: Final = 20
_CALL = msgspec.msgpack.encode([__name__, "_answer", [{"a": [1, 0.5, "b"]}], {}, "value"])


def rehearse(runtime: Runtime) -> None:
    """Obey a welcome that changes nothing, and carry out a call that changes nothing.

    A forked process copies a page of memory when it first writes to it, and counting references is writing.
    An idle fork does most of that here, and not while somebody waits for its first answer.
    """
    obey(decode_welcome(_WELCOME), None)
    kind, _ = runtime.read(Kind.CALL, _CALL)() or (None, b"")
    if kind != Kind.RESULT:
        raise AssertionError("a call that only gives back its argument failed")


def warm_up() -> None:
    """In the forkserver, do what each of its forks does first.

    Python rewrites code that has run a few times into faster code. What is rewritten here is shared, and is
    no page that each fork has to copy.
    """
    for _ in range(_WARMING_ROUNDS):
        rehearse(Runtime())
        random_state.reseed()
        if sys.platform == "linux":
            prctl(PR_SET_CHILD_SUBREAPER, 1)  # As it is; setting a fork's death signal takes the same way.


def _answer(value: object) -> object:
    return value
