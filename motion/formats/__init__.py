"""File formats of motions: reading and writing, each format in a module of its own."""
