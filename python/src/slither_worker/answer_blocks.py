"""Shared memory that the large arrays of answers are in until Node has read them (Linux only)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Final

from slither_worker.protocol import MAX_BODY_BYTES

_MOST_GIVEN: Final = 64
_ALIGNMENT: Final = 64
_MOST_WRITTEN: Final = 2**30

_share_from: int | None = None
_user = -1
_block: int | None = None
"""That of the answer that is being made."""
_end = 0
_given: set[int] = set()
"""Those of answers that Node has not read yet."""
_registered = False


def begin(share_from: int | None) -> None:
    """Put arrays of at least so many bytes into shared memory from now on; with `None`, none."""
    global _share_from, _user  # noqa: PLW0603
    _share_from = share_from
    if sys.platform != "win32":
        _user = os.geteuid()


def takes(size: int) -> bool:
    """Tell whether arrays of so many bytes are put into shared memory."""
    return _share_from is not None and _share_from <= size <= MAX_BODY_BYTES and size > 0


def put(elements: memoryview) -> tuple[int, int, int] | None:
    """Put bytes where Node finds them: in this process, under a descriptor, at an offset.

    Returns `None` where they must be sent.
    """
    global _block, _end  # noqa: PLW0603
    if not _is_reachable():
        return None
    try:
        if _block is None:
            _block = _open()
        if _block is None:
            return None
        _write(_block, elements, _end)
    except OSError:  # There is no room, or no descriptor left.
        return None
    offset = _end
    _end = -(-(offset + len(elements)) // _ALIGNMENT) * _ALIGNMENT
    return os.getpid(), _block, offset


def mark() -> int:
    """Return the place that the next array would have."""
    return _end


def back_to(marked: int) -> None:
    """Use the place again of what was put there since: it is part of no answer."""
    global _end  # noqa: PLW0603
    _end = marked


def give() -> None:
    """Leave the block of an answer that was made to Node, which tells when it has read it."""
    global _block, _end
    if _end == 0:
        take_back()  # Node never hears of a block that no array is in.
    elif _block is not None:
        _given.add(_block)
        _block, _end = None, 0


def take_back() -> None:
    """Throw away the block of an answer that fails."""
    global _block, _end
    if _block is not None:
        os.close(_block)
        _block, _end = None, 0


def drop(descriptors: Iterable[int]) -> None:
    """Close blocks that Node has read; others are ignored."""
    for descriptor in descriptors:
        if descriptor in _given:
            _given.remove(descriptor)
            os.close(descriptor)


def _open() -> int | None:
    global _registered  # noqa: PLW0603
    if sys.platform != "linux" or len(_given) >= _MOST_GIVEN:
        return None
    # A hook can never be taken away and is inherited: it must not be registered once per generation.
    if not _registered:
        os.register_at_fork(after_in_child=_forget_all)
        _registered = True
    return os.memfd_create("slither")


def _is_reachable() -> bool:
    """Tell whether Node may open what this process has open: not after it has become another user."""
    try:
        return os.geteuid() == _user == os.stat("/proc/self/fd").st_uid
    except OSError:
        return False


def _write(file: int, elements: memoryview, offset: int) -> None:
    written = 0
    while written < len(elements):
        written += os.pwrite(file, elements[written : written + _MOST_WRITTEN], offset + written)


def _forget_all() -> None:
    """In a process that was forked from this one, also by user code: hold no memory of the original."""
    global _block  # noqa: PLW0603
    for descriptor in _given if _block is None else {*_given, _block}:
        os.close(descriptor)
    _given.clear()
    _block = None
