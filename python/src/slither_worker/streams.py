"""What is printed: where it goes, and that it is neither lost nor printed twice."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from socket import socket
from typing import Final

from slither_worker.libc import flush_all
from slither_worker.protocol import ChannelName

STREAM_DESCRIPTORS: Final[dict[ChannelName, int]] = {"stdout": 1, "stderr": 2}


def print_promptly() -> None:
    """Write out every line at once, as UTF-8, which is how Node reads both streams."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A line that cannot be encoded must not fail the call.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def flush_streams() -> None:
    """Write out what Python and C code have printed. A fork would copy it, and both would print it."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):  # Closed or replaced by user code; there is nobody to tell.
            if stream is not None:
                stream.flush()
    flush_all()


def redirect_stream(descriptor: int, connection: socket | None) -> None:
    """Send what is printed to a connection, and close all other handles on it; with `None`, throw it away."""
    if connection is not None:
        os.dup2(connection.fileno(), descriptor)
        connection.close()
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    if nowhere != descriptor:
        os.close(nowhere)
