"""The trace that a batch belongs to, for the code that works on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

_Result = TypeVar("_Result")

_current: str | None = None
_detach: Callable[[], None] | None = None


def traceparent() -> str | None:
    """Return the span of the batch that is running, as the `traceparent` header of W3C Trace Context.

    For calls to other services. `None` outside of batches, and where no OpenTelemetry SDK is in Node.
    """
    return _current


def traced(parent: str | None, work: Callable[[], _Result]) -> _Result:
    """Do the work of a batch whose span in Node is `parent`.

    Where its code has imported `opentelemetry`, the spans that it makes meanwhile are children of that span.
    What OpenTelemetry raises is not the batch's failure, and neither is a `parent` that it cannot read.
    """
    global _current, _detach  # noqa: PLW0603
    if parent is None:
        return work()
    _current = parent
    follow()
    try:
        return work()
    finally:
        _current = None
        detach, _detach = _detach, None
        if detach is not None:
            detach()


def follow() -> None:
    """Have the spans of the code that comes now be children of the batch, if there is one with a span.

    To be called again when a module was imported, which may have brought `opentelemetry` along.
    """
    global _detach  # noqa: PLW0603
    # Where user code has not imported it, it makes no spans, and may not even be installed.
    if _current is not None and _detach is None and "opentelemetry.trace" in sys.modules:
        _detach = _attach(_current)


def _attach(parent: str) -> Callable[[], None]:
    try:
        context = import_module("opentelemetry.context")
        propagation = import_module("opentelemetry.trace.propagation.tracecontext")
        extracted = propagation.TraceContextTextMapPropagator().extract({"traceparent": parent})
        token = context.attach(extracted)
    except Exception:  # A version that has none of these, or a context that user code has replaced.
        return _nothing

    def detach() -> None:
        try:
            context.detach(token)
        except Exception:
            return

    return detach


def _nothing() -> None:
    pass
