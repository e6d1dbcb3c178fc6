"""Settings of the whole test run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# How fast values are made says something about the machine, and nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _name_failure(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _name_failure(report)


def _name_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """`npm test` tells of a file, and repeats at its end what stands there."""
    file = os.environ.get("SLITHER_FAILURES_FILE")
    if file is None or not report.failed:
        return
    why = report.longreprtext.splitlines()[-1:]
    with open(file, "a", encoding="utf-8") as failures:
        failures.write(f"{': '.join([report.nodeid, *why])}\n")
