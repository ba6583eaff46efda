"""Fixtures of the tests from outside."""

from tests.e2e.hub_fixture import admin, hub

__all__ = ["admin", "hub"]
