"""The commands of `plumb-loop`."""
