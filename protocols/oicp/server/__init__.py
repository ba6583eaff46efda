"""What OICP partners call."""
