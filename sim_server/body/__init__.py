"""The simulated body, and the reference that it follows."""
