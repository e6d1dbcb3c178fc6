"""What every session does first, done once before it is due."""

from __future__ import annotations

import msgspec

from slither_worker.protocol import Kind
from slither_worker.runtime import Runtime
from slither_worker.welcome import Welcome, decode_welcome, obey

_WELCOME = msgspec.msgpack.encode(
    Welcome(session="", python_path=[], threads={}, reseed=False, memory_bytes=None)
)
_CALL = msgspec.msgpack.encode([__name__, "_answer", [{"a": [1, 0.5, "b"]}], {}, "value"])


def rehearse(runtime: Runtime) -> None:
    """Obey a welcome that changes nothing, and carry out a call that changes nothing.

    A forked process copies a page of memory when it first writes to it, and counting references is writing.
    An idle fork does most of that here, and not while somebody waits for its first answer.

    The forkserver does this several times before it is forked: Python rewrites code that has run a few times
    into faster code, which is then shared.
    """
    obey(decode_welcome(_WELCOME), None)
    kind, _ = runtime.read(Kind.CALL, _CALL)() or (None, b"")
    if kind != Kind.RESULT:
        raise AssertionError("a call that only gives back its argument failed")


def _answer(value: object) -> object:
    return value
