"""Memory in one piece and in large pages, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from node_side import PACKAGE, PYTHON

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for large pages")

_PROGRAM = """
import ctypes, gc, os
from slither_worker.large_pages import compact_memory, use_large_pages

def arenas():
    allocator = (ctypes.c_void_p * 3)()
    ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(allocator))
    return list(allocator)

usual = arenas()
with compact_memory():
    assert arenas() != usual
    kept = [str(number) * 20 for number in range(200_000)]
    lost = [str(number) * 20 for number in range(200_000)]
assert arenas() == usual
use_large_pages()
del lost
gc.collect()
more = [str(number) * 20 for number in range(400_000)]
child = os.fork()
if child == 0:
    kept[::2] = more[: len(kept) : 2]
    os._exit(kept != more[: len(kept)])
assert os.waitpid(child, 0)[1] == 0
assert kept == more[: len(kept)]
assert kept == [str(number) * 20 for number in range(200_000)]
del kept, more
gc.collect()
print("all is there")
"""


def test_memory_is_used_freed_and_shared_as_ever() -> None:
    ended = subprocess.run(
        [PYTHON, "-c", _PROGRAM], env={"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, check=False
    )

    assert (ended.stdout, ended.stderr) == (b"all is there\n", b"")
