"""The imports of the forkserver, whose result every session shares until it writes to it."""

from __future__ import annotations

import time

import msgspec

from slither_worker import collector, search_path
from slither_worker.fork_safety import reason_not_to_fork
from slither_worker.functions import load_module
from slither_worker.large_pages import compact_memory, use_large_pages
from slither_worker.openmp import pause_openmp
from slither_worker.quiesce import stop_helper_threads
from slither_worker.rehearsal import warm_up


class Preload(msgspec.Struct, rename="camel"):
    """The body of PRELOAD: where to look for modules, which to import, the folder of Node's socket."""

    python_path: list[str]
    preload: list[str]
    folder: str


def preload(order: Preload) -> tuple[list[tuple[str, int]], str | None]:
    """Import modules, and make this process ready to be forked.

    Returns the nanoseconds that each import took, and the reason for which a fork would not be safe, if any;
    fails as `load_module` does.
    """
    search_path.insert_after_standard_library(order.python_path)
    with compact_memory():
        modules = [(name, _load(name)) for name in order.preload]
    stop_helper_threads()
    pause_openmp()
    warm_up()
    collector.collect_seldom()  # A library may have set its own thresholds.
    collector.settle()
    use_large_pages()
    return modules, reason_not_to_fork()


def _load(name: str) -> int:
    started = time.monotonic_ns()
    load_module(name)
    return time.monotonic_ns() - started
