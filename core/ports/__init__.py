"""What core needs others to fulfil."""
