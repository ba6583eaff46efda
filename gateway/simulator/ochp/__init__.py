"""Simulated partners of a clearing house of OCHP 1.4: an operator and a provider, who call and are never called."""
