"""Shared by all tests."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.conformance", "tests.stack_fixture"]

# The same examples in every run, so that a red run is somebody's change; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("explore", deadline=None, max_examples=500, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
