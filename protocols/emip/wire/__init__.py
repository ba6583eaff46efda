"""The messages of eMIP, as they are sent."""
