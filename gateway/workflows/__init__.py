"""What must not be lost: processes on Temporal. They sequence and wait; the rules are in core."""
