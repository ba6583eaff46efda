"""The hub as a partner of another OICP platform. Source: ADR 21."""
