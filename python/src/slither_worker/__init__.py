"""The Python half of slither-ts: what code that runs in a session may import."""

from __future__ import annotations

from slither_worker.hooks import after_fork
from slither_worker.interrupts import Cancelled
from slither_worker.rejected import Rejected
from slither_worker.session import session_id
from slither_worker.tracing import traceparent
from slither_worker.view import view
from slither_worker.view_errors import ViewError, ViewRefusedError, ViewTimeoutError

__all__ = [
    "Cancelled",
    "Rejected",
    "ViewError",
    "ViewRefusedError",
    "ViewTimeoutError",
    "__version__",
    "after_fork",
    "session_id",
    "traceparent",
    "view",
]

__version__ = "0.1.0"
