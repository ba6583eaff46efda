"""Simulated eMIP 0.7.4 networks, as a foreign back office would be: they read and write its XML by themselves."""
