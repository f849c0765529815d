"""Runs of the self-consuming loop on motions."""
