"""Offline translation of single payloads, by the running hub's own mappings, with a context for its stores."""
