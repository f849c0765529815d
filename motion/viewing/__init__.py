"""Motions as animated pages and movies."""
