"""What OCPI partners call, one file per module."""
