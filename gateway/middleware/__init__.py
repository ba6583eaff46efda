"""Around every request: measured, journaled."""
