"""The roaming domain: the canonical model and the decisions. Knows no protocol, no database and no network."""
