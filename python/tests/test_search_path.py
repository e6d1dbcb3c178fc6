from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from slither_worker.search_path import insert_after_standard_library

LIBRARY = os.path.dirname(os.__file__)
BUILT_IN_C = os.path.join(LIBRARY, "lib-dynload")


def test_folders_stand_after_the_standard_library_and_before_installed_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["/first", LIBRARY, BUILT_IN_C, "/site-packages"])
    insert_after_standard_library(["relative", "/absolute"])

    assert sys.path == [
        "/first",
        LIBRARY,
        BUILT_IN_C,
        str(tmp_path / "relative"),
        "/absolute",
        "/site-packages",
    ]


def test_folders_stand_last_where_no_standard_library_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/first"])
    insert_after_standard_library(["/absolute"])

    assert sys.path == ["/first", "/absolute"]
