"""How well and how fast the corrector works."""
