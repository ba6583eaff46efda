"""What OCHP partners call: the clearing house."""
