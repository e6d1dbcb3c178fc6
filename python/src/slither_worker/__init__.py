"""The Python half of slither-ts: what code that runs in a session may import."""

from __future__ import annotations

from slither_worker.hooks import after_fork
from slither_worker.interrupts import Cancelled
from slither_worker.rejected import Rejected
from slither_worker.session import session_id
from slither_worker.tracing import traceparent

__all__ = ["Cancelled", "Rejected", "__version__", "after_fork", "session_id", "traceparent"]

__version__ = "0.1.0"
