"""What Node has put into shared memory: copies to take, and arrays that stay there (Linux only)."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterable, Iterator

from slither_worker.errors import CallFailure

_MADV_POPULATE_READ = 22

_mapped: dict[int, mmap.mmap] = {}
"""Arrays that stay, by their number in Node: the next call finds its pages there."""


def can_read(node: int) -> bool:
    """Tell whether this process may open what Node, a process of this id, has open."""
    try:
        os.stat(f"/proc/{node}/cwd")
    except OSError:
        return False
    return True


def read_into(elements: memoryview, node: int, descriptor: int, offset: int) -> None:
    """Fill `elements` with what stands in a file that Node has open; fails with `protocol`."""
    with _opened(node, descriptor) as file:
        read = 0
        while read < len(elements):
            count = os.preadv(file, [elements[read:]], offset + read)
            if count == 0:
                raise CallFailure("protocol", "an array in shared memory ends early")
            read += count


def mapping(key: int, node: int, descriptor: int, length: int) -> mmap.mmap:
    """Map a file that Node has open, to be read only; kept until `forget`. Fails with `protocol`."""
    known = _mapped.get(key)
    if known is not None:
        return known
    with _opened(node, descriptor) as file:
        mapped = mmap.mmap(file, length, access=mmap.ACCESS_READ)
    with contextlib.suppress(OSError, ValueError):  # Linux before 5.14: pages come as they are used.
        mapped.madvise(_MADV_POPULATE_READ)
    _mapped[key] = mapped
    return mapped


def forget(keys: Iterable[int]) -> None:
    """Let go of arrays; where Python code still holds one, its memory goes with that."""
    for key in keys:
        _mapped.pop(key, None)


@contextlib.contextmanager
def _opened(node: int, descriptor: int) -> Iterator[int]:
    try:
        file = os.open(f"/proc/{node}/fd/{descriptor}", os.O_RDONLY)
    except OSError as error:
        message = f"shared memory of process {node} cannot be opened: {error.strerror}"
        raise CallFailure("protocol", message) from None
    try:
        yield file
    finally:
        os.close(file)
