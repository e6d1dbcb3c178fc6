"""Settings of the whole test run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How fast values are made says something about the machine, and nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
