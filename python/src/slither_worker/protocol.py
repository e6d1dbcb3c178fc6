"""The numbers of the protocol with Node, each in one place (see protocol/PROTOCOL.md)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, Literal

VERSION: Final = 1

HEADER: Final = struct.Struct("<IBI")
"""Length of the body, kind of message, id of the call."""

MAX_BODY_BYTES: Final = 2**32 - 1
MAX_DEPTH: Final = 200
MAX_TEXT_BYTES: Final = 64 * 1024
"""Longer messages and tracebacks of errors are cut in the middle."""

NO_CALL: Final = 0
"""The id of a message that belongs to no call."""

FORBIDDEN_KEY: Final = "__proto__"

Returns = Literal["value", "ref"]
ChannelName = Literal["calls", "control", "stdout", "stderr", "forkserver"]
"""What a connection is for; said in its first frame."""
ErrorCode = Literal[
    "exception",
    "module_not_found",
    "module_failed",
    "function_not_found",
    "batch_result",
    "value",
    "cancelled",
    "fork_refused",
    "ref",
    "protocol",
]


class Kind(IntEnum):
    """The kinds of messages."""

    HELLO = 0x01
    READY = 0x02
    PRELOADED = 0x03
    WELCOME = 0x10
    CALL = 0x11
    BATCH = 0x12
    REF_CALL = 0x13
    REF_GET = 0x14
    RELEASE = 0x15
    CLOSE = 0x16
    CANCEL = 0x17
    FORK = 0x18
    MEMORY = 0x19
    CALLBACK_RESULT = 0x1B
    CALLBACK_ERROR = 0x1C
    PRELOAD = 0x1D
    DROP = 0x1F
    RESULT = 0x20
    REF = 0x21
    ERROR = 0x22
    CALLBACK = 0x25
    FORKED = 0x26
    EXITED = 0x27
    ROWS = 0x28


class Extension:
    """The MessagePack extension types; plain integers, because msgspec takes no others."""

    INTEGER: Final = 0x51
    TUPLE: Final = 0x52
    DICT: Final = 0x53
    NDARRAY: Final = 0x54
    FLOAT: Final = 0x55
    TEXT: Final = 0x56
    REF: Final = 0x57
    SHARED: Final = 0x58
