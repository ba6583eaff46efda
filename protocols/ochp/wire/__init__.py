"""The messages of OCHP 1.4: its names, its limits."""
