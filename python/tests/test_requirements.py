from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec
import pytest

from slither_worker.requirements import MSGSPEC_AT_LEAST, require_msgspec


@pytest.mark.parametrize("version", ["0.20.0", "0.22.1", "1.0", "0.20.0.dev1"])
def test_a_new_enough_msgspec_will_do(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msgspec, "__version__", version)
    require_msgspec()


def test_an_older_msgspec_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msgspec, "__version__", "0.19.0")
    with pytest.raises(SystemExit, match=r"needs msgspec>=0\.20, found 0\.19\.0; run: .* -m pip install"):
        require_msgspec()


def test_a_missing_msgspec_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    with pytest.raises(SystemExit, match=r"needs msgspec>=0\.20, which cannot be imported"):
        require_msgspec()


def test_the_package_declares_the_version_that_the_worker_requires() -> None:
    declared = re.search(
        r'"msgspec>=([\d.]+)"', (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    )

    assert declared is not None
    assert declared[1] == ".".join(map(str, MSGSPEC_AT_LEAST))
