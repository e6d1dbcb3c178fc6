"""The start of a process, as a worker or as the forkserver that workers are forked from."""

from __future__ import annotations

import os
import sys
from typing import Final, NoReturn

from slither_worker import collector
from slither_worker.birth import Connections
from slither_worker.channel import Channel
from slither_worker.connect import connect
from slither_worker.control import Control
from slither_worker.fork import become_own_process, fork_without_warnings
from slither_worker.lifetime import die_with_parent, leave
from slither_worker.rehearsal import rehearse
from slither_worker.runtime import Runtime
from slither_worker.streams import print_promptly
from slither_worker.worker import Worker

_TOKEN_VARIABLE: Final = "SLITHER_TOKEN"
_FORKSERVER: Final = "--forkserver"
_USAGE: Final = (
    f"{_TOKEN_VARIABLE}=... python slither_worker --socket PATH [{_FORKSERVER}]"
    " (slither-ts starts this; it is no command)"
)


def main() -> NoReturn:
    """Run this process to its end."""
    # Taken out at once, so that no child process of user code inherits it.
    token = os.environ.pop(_TOKEN_VARIABLE, None)
    arguments = sys.argv[1:]
    as_forkserver = arguments[2:] == [_FORKSERVER]
    if arguments[:1] != ["--socket"] or len(arguments) - as_forkserver != 2 or not token:
        sys.exit(f"usage: {_USAGE}")
    path = arguments[1]
    die_with_parent(os.getppid())
    print_promptly()
    collector.collect_seldom()
    fork_without_warnings()
    worker = _forked_worker(path, token) if as_forkserver else _cold_worker(path, token)
    worker.run()
    leave(run_exit_functions=worker.runs_code)


def _cold_worker(path: str, token: str) -> Worker:
    control = Control(connect(path, token, "control"))
    control.listen()
    calls = Channel(connect(path, token, "calls"))
    return Worker(Connections(calls, control), Runtime(), path, None)


def _forked_worker(path: str, token: str) -> Worker:
    from slither_worker.forkserver import serve_forks

    forkserver = os.getpid()
    # Made before the forks: each writes to less of what it shares.
    runtime = Runtime()
    birth = serve_forks(path, token)
    become_own_process(forkserver)
    worker = Worker(birth.take_connections(), runtime, path, forkserver)
    if birth.idle:
        rehearse(runtime)
    return worker
