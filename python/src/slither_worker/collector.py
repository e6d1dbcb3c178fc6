"""Python's garbage collector, in processes that are copied."""

from __future__ import annotations

import gc
from typing import Final

# Decoding a batch makes thousands of objects that live on. With Python's own thresholds the collector, which
# visits every object of every imported library, is most of the slowest calls.
_THRESHOLDS: Final = (50_000, 20, 50)
_FREEZES_BETWEEN_FULL_COLLECTIONS: Final = 20
_freezes = 0


def collect_seldom() -> None:
    """Collect after far more new objects than Python does by itself."""
    gc.set_threshold(*_THRESHOLDS)


def settle() -> None:
    """Collect garbage, and take what is left out of later collections.

    A collection writes to every object it visits, so in a copy it would make pages its own that it shares.
    What has become garbage since it was taken out is found every 20th time.
    """
    global _freezes  # noqa: PLW0603
    _freezes += 1
    if _freezes % _FREEZES_BETWEEN_FULL_COLLECTIONS == 0:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
