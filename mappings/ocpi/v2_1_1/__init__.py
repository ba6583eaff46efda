"""OCPI 2.1.1 <-> 2.3.0: the differences only, one file a noun."""
