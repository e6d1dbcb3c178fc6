"""A limit that turns an absurd allocation into a MemoryError."""

from __future__ import annotations

import sys
from typing import Final

if sys.platform != "win32":
    import resource

# Loose on purpose: memory that is reserved and never used counts too. Node watches what is used.
_FACTOR: Final = 3

_limits: tuple[int, int] | None = None
"""The limit that was found, and the one that was put in its place."""


def limit_memory(additional_bytes: int | None) -> None:
    """Let allocations fail that take this process far beyond what it has now (Linux only).

    The limit is 3 x `additional_bytes` on top of the data that the process has. A lower limit that was there
    before is kept; one that this function has set is replaced, by `None` with the one from before it.
    """
    global _limits  # noqa: PLW0603
    if sys.platform != "linux":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    found = _limits[0] if _limits is not None and _limits[1] == soft else soft
    wanted = found
    if additional_bytes is not None:
        finite = [limit for limit in (found, hard) if limit != resource.RLIM_INFINITY]
        wanted = min([_data_bytes() + _FACTOR * additional_bytes, *finite])
    _limits = (found, wanted)
    if wanted != soft:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _data_bytes() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        line = next(line for line in status if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024
