"""The peer by pythonia.

Text comes back through its bridge as it is; a list would come as a proxy, with one more trip for its value.
"""

from __future__ import annotations

import base64

import orjson
import peer_work


def noop() -> None:
    """Do nothing."""
    return peer_work.noop()


def score(items: str) -> str:
    """Score a batch of items; JSON both ways."""
    return orjson.dumps(peer_work.score_batch(orjson.loads(items))).decode()


def sum_of_base64(data: str) -> float:
    """Add up float64 elements whose bytes came as base64: the bridge takes JSON alone."""
    return peer_work.sum_of_bytes(base64.b64decode(data))
