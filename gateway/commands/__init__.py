"""The commands of the command line beyond running the hub."""
