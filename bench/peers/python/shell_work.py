"""The peer by python-shell: a line of JSON in, a line of JSON out, both with the number of the question."""

from __future__ import annotations

import base64
import sys
from typing import Any

import orjson
import peer_work


def _answer(question: dict[str, Any]) -> object:
    ask = question["ask"]
    if ask == "score":
        return peer_work.score_batch(question["items"])
    if ask == "sum":
        return peer_work.sum_of_bytes(base64.b64decode(question["base64"]))
    return peer_work.noop()


for line in sys.stdin.buffer:
    asked = orjson.loads(line)
    sys.stdout.buffer.write(orjson.dumps({"number": asked["number"], "answer": _answer(asked)}) + b"\n")
    sys.stdout.buffer.flush()
