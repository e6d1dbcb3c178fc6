"""Where this process is with a batch, in memory that Node can read also when this process is gone."""

from __future__ import annotations

import mmap
import os
import struct
import time
from typing import Final

from slither_worker.interrupts import begin_step, running_call

_PAGE_BYTES: Final = 4096
_NOTE: Final = struct.Struct("<IIIId")
"""Call, step, row, whether the row is known; when the step began, in seconds."""
_ROW_INDEX: Final = 2

_page: mmap.mmap | None = None
_row: memoryview = memoryview(bytearray(4)).cast("I")


def open_page(path: str, offset: int) -> None:
    """Note progress from now on in this page of that file, and no longer in one of the original."""
    global _page, _row  # noqa: PLW0603
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _page = mmap.mmap(descriptor, _PAGE_BYTES, offset=offset)
    finally:
        os.close(descriptor)
    _row = memoryview(_page).cast("I")[_ROW_INDEX : _ROW_INDEX + 1]


def note_step(step: int, *, knows_rows: bool) -> None:
    """Note that a step of the call begins; `knows_rows`: the rows of `row_note` are those of the batch."""
    begin_step(step)
    if _page is not None:
        _NOTE.pack_into(_page, 0, running_call(), step, 0, knows_rows, time.monotonic())


def row_note() -> memoryview:
    """Return the place, of one number, for the row that is worked on: cheaper than a call for each."""
    return _row
