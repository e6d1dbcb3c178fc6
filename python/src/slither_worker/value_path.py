"""Where in a value something stands, as in `[17].probabilities["x y"]`."""

from __future__ import annotations

import json
from typing import Any

# The place of the container, then the key or index in it; `None` is the whole value. A linked list, so that
# walking a large value costs one small tuple per element, and text only when it is wanted.
Path = tuple[Any, object] | None


def path_text(path: Path) -> str:
    """Write a path as one would in code; empty for the whole value."""
    steps = []
    while path is not None:
        path, step = path
        steps.append(_step_text(step))
    return "".join(reversed(steps))


def _step_text(step: object) -> str:
    if not isinstance(step, str):
        return f"[{step!r}]"
    if step.isidentifier():
        return f".{step}"
    return f"[{json.dumps(step, ensure_ascii=False)}]"
