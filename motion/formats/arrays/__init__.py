"""Files of arrays, and what is read in them without running anything."""
