"""Parameters of the SMPL family of bodies."""
