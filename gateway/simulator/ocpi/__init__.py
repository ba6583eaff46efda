"""Simulated OCPI 2.3.0 networks, as foreign platforms would be."""
