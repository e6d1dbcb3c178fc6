"""Frames in a stream of bytes."""

from __future__ import annotations

from typing import NamedTuple

from slither_worker.protocol import HEADER


class Frame(NamedTuple):
    """One message as it came: the body is not decoded yet."""

    kind: int
    call: int
    body: bytes


class FrameParser:
    """Finds frames in bytes that come in pieces of any length."""

    def __init__(self) -> None:
        """Start between two frames."""
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; returns the frames that they complete, in their order."""
        self._bytes += data
        frames: list[Frame] = []
        while len(self._bytes) >= HEADER.size:
            length, kind, call = HEADER.unpack_from(self._bytes)
            end = HEADER.size + length
            if len(self._bytes) < end:
                break
            frames.append(Frame(kind, call, bytes(self._bytes[HEADER.size : end])))
            del self._bytes[:end]
        return frames


def frame_bytes(kind: int, call: int, body: bytes) -> bytes:
    """Return a whole frame."""
    return HEADER.pack(len(body), kind, call) + body
