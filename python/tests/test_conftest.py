"""What failed in a test run is named in the file that the run is told of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent

FAILS = """
import pytest

def test_passes(): pass

def test_fails():
    assert 1 == 2

@pytest.fixture
def broken(): raise ValueError("not set up")

def test_is_not_run(broken): pass
"""


def named(folder: Path, text: str) -> list[str]:
    """What is named when pytest runs a file with that text."""
    (folder / "test_some.py").write_text(text)
    failures = folder / "failures"
    failures.touch()
    environment = {**os.environ, "SLITHER_FAILURES_FILE": str(failures), "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "--rootdir", "."]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return failures.read_text().splitlines()


def test_tests_that_failed_and_fixtures_are_named_and_none_of_those_that_passed(tmp_path: Path) -> None:
    assert named(tmp_path, FAILS) == [
        "test_some.py::test_fails: test_some.py:7: AssertionError",
        "test_some.py::test_is_not_run: test_some.py:10: ValueError",
    ]


def test_a_file_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    assert named(tmp_path, "import nowhere_to_be_found") == [
        "test_some.py: E   ModuleNotFoundError: No module named 'nowhere_to_be_found'",
    ]
