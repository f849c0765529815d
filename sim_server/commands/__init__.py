"""The commands of `plumb-sim`."""
