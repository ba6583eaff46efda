"""A plain page for people."""
