"""Shared by all tests."""

pytest_plugins = ["tests.conformance", "tests.stack_fixture"]
