"""Where Python looks for modules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def insert_after_standard_library(folders: Iterable[str]) -> None:
    """Put folders on `sys.path`, made absolute, after the standard library and before installed packages.

    So a user's `random.py` cannot take the place of Python's, but can take that of an installed package.
    """
    library = os.path.dirname(os.__file__)
    entries = {library, os.path.join(library, "lib-dynload")}
    last = max((index for index, entry in enumerate(sys.path) if entry in entries), default=len(sys.path) - 1)
    sys.path[last + 1 : last + 1] = [os.path.abspath(folder) for folder in folders]
