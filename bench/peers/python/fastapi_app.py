"""The peer as a web service, tuned: no validation models, orjson both ways, nothing handed to threads."""

from __future__ import annotations

import os
import signal
import sys
import threading

import orjson
import peer_work
from fastapi import FastAPI, Request, Response

app = FastAPI()


def _end_with_input() -> None:
    """End when the process that started this one has closed the input, or has died: a server would stay."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_end_with_input, daemon=True).start()


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


@app.get("/noop")
async def noop() -> Response:
    """Do nothing."""
    return _json(peer_work.noop())


@app.post("/score")
async def score(request: Request) -> Response:
    """Score a batch of items."""
    return _json(peer_work.score_batch(orjson.loads(await request.body())))


@app.post("/sum")
async def sum_of_bytes(request: Request) -> Response:
    """Add up the float64 elements that the body is."""
    return _json(peer_work.sum_of_bytes(await request.body()))
