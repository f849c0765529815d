"""Samples on many machines."""
