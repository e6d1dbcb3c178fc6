"""What the environment must have before anything of the worker is loaded."""

from __future__ import annotations

import sys
from typing import Final

MSGSPEC_AT_LEAST: Final = (0, 20)
"""Older versions hand over the payload of an extension type with the bytes that follow it: wrong values."""


def require_msgspec() -> None:
    """End the process with a reason when msgspec is missing or too old.

    The folder of this package is run as it is, so no installer has seen to its dependencies.
    """
    wanted = "msgspec>=" + ".".join(map(str, MSGSPEC_AT_LEAST))
    advice = f"run: {sys.executable} -m pip install '{wanted}'"
    try:
        import msgspec
    except ImportError as error:
        sys.exit(f"slither_worker needs {wanted}, which cannot be imported ({error}); {advice}")
    found = tuple(int(part) for part in msgspec.__version__.split(".")[:2])
    if found < MSGSPEC_AT_LEAST:
        sys.exit(f"slither_worker needs {wanted}, found {msgspec.__version__}; {advice}")
