"""Simulated OICP 2.3 partners, as foreign platforms would be."""
