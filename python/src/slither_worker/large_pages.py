"""The memory of the forkserver in large pages, which a fork shares by the piece and not by the small page.

Most of the time of a fork goes into noting for every page that it is shared now. A process that writes to a
large page still copies a small one, so forks have no more memory to themselves.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Final

from slither_worker.libc import collapse_pages

_LARGE_PAGE_BYTES: Final = 2 * 1024 * 1024
_MORE_THAN_AN_ARENA: Final = 2 * 1024 * 1024


@contextlib.contextmanager
def compact_memory() -> Iterator[None]:
    """Have what Python allocates in here lie in one piece, whose place large pages can take (Linux only).

    Python asks the system for memory by the megabyte (an arena), which lands next to the library that is
    being loaded. In here it asks the C library, whose memory is one piece. Such an arena is never given back.
    (The system is asked to take it when it is empty one day; it refuses, or takes just what was the arena's.)
    """
    if sys.platform != "linux":
        yield
        return
    from ctypes import Structure, byref, c_size_t, c_void_p, pythonapi

    class Allocator(Structure):
        _fields_ = tuple((name, c_void_p) for name in ("context", "malloc", "calloc", "realloc", "free"))

    class ArenaAllocator(Structure):
        _fields_ = tuple((name, c_void_p) for name in ("context", "alloc", "free"))

    # The C library, too, asks the system for large pieces, but not for those up to one that it once got back.
    pythonapi.PyMem_RawMalloc.restype = c_void_p
    pythonapi.PyMem_RawFree(c_void_p(pythonapi.PyMem_RawMalloc(c_size_t(_MORE_THAN_AN_ARENA))))
    usual, raw = ArenaAllocator(), Allocator()
    pythonapi.PyObject_GetArenaAllocator(byref(usual))
    pythonapi.PyMem_GetAllocator(0, byref(raw))
    compact: Any = ArenaAllocator(raw.context, raw.malloc, raw.free)
    pythonapi.PyObject_SetArenaAllocator(byref(compact))
    try:
        yield
    finally:
        pythonapi.PyObject_SetArenaAllocator(byref(usual))


def use_large_pages() -> None:
    """Have the kernel put what was allocated into large pages (Linux 6.1 and newer; else nothing happens)."""
    if sys.platform != "linux":
        return
    for start, end in list(_writable_ranges()):
        first = -(-start // _LARGE_PAGE_BYTES) * _LARGE_PAGE_BYTES
        for address in range(first, end - _LARGE_PAGE_BYTES + 1, _LARGE_PAGE_BYTES):
            # Refused where nothing is in use, or no large page is free: that stays as it is.
            collapse_pages(address, _LARGE_PAGE_BYTES)


def _writable_ranges() -> Iterator[tuple[int, int]]:
    """Find the addresses of private memory that no file is behind."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as mappings:
        for line in mappings:
            addresses, access, _, _, _, *name = line.split(maxsplit=5)
            if access == "rw-p" and (not name or name[0].strip() == "[heap]"):
                start, end = (int(address, 16) for address in addresses.split("-"))
                yield start, end
