"""Experiments that reproduce published results: what the two kinds share, checks, theory and sweeps."""
