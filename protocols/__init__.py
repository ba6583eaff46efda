"""Pluggable adapters, one folder a protocol."""
