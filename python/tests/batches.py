"""Batches as Node asks for them, and what comes of them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, NamedTuple

import msgspec

from slither_worker.interrupts import begin_call
from slither_worker.protocol import Kind
from slither_worker.runtime import Runtime
from slither_worker.table import rows_of

BEFORE: Final = (0.25, 0.5)
"""Since when the worker of `ask` waited for a message, and when it was there."""

_MODULE: Any = ModuleType("made_for_a_test")
_NUMBERS: Final = itertools.count()


class Answer(NamedTuple):
    """The body of a ROWS."""

    results: list[Any]
    stamps: list[float]
    left: list[Any]
    taps: list[Any]

    @property
    def rejected(self) -> list[Any]:
        """Index and reason of the rows that were set aside."""
        return [[index, why] for index, _, why in self.left if not isinstance(why, dict)]

    @property
    def failed(self) -> list[Any]:
        """Index and error map of the rows that have failed by themselves."""
        return [[index, why] for index, _, why in self.left if isinstance(why, dict)]


def batch(function: str, payloads: list[Any], *, form: str = "list", module: str = "sample") -> list[Any]:
    """Return the body of a BATCH with one step."""
    return steps([[module, function, form]], payloads)


def steps(
    functions: list[Any], payloads: list[Any], *taps: list[Any], entries: list[Any] | None = None
) -> list[Any]:
    """Return the body of a BATCH; a tap is `[step, indices]`, and so is an entry."""
    return [functions, [len(payloads), None, payloads], list(taps), None, entries]


def step(function: Callable[..., Any], form: str = "list") -> list[str]:
    """Return a step of a batch whose function is made by the test."""
    sys.modules[_MODULE.__name__] = _MODULE
    name = f"function_{next(_NUMBERS)}"
    setattr(_MODULE, name, function)
    return [_MODULE.__name__, name, form]


def ask(runtime: Runtime, kind: Kind, *body: object) -> tuple[Kind, Any]:
    """Let a runtime obey a message, and return the kind and the body of its answer."""
    answer = runtime.read(kind, msgspec.msgpack.encode(body), BEFORE)()
    assert answer is not None
    return answer[0], msgspec.msgpack.decode(answer[1])


def carry_out(runtime: Runtime, body: list[Any]) -> Answer:
    """Let a runtime carry out a batch."""
    kind, answer = ask(runtime, Kind.BATCH, *body)
    assert kind == Kind.ROWS, answer
    table, stamps, left, taps = answer
    return Answer(rows_of(*table), stamps, left, [[number, rows_of(*rows)] for number, rows in taps])


def failure_of(runtime: Runtime, body: list[Any]) -> dict[str, Any]:
    """Let a runtime carry out a batch that fails as a whole; returns the error map."""
    kind, error = ask(runtime, Kind.BATCH, *body)
    assert kind == Kind.ERROR, error
    assert isinstance(error, dict)
    return error


def giving_back(results: list[Any]) -> list[Any]:
    """Return the body of a BATCH whose only function gives this back."""
    begin_call(1)  # As the worker does: nothing of an earlier test counts as this call's.
    return steps([step(lambda _: results)], [None] * len(results))
