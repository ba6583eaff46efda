"""What the protocols share on their way to the network."""
