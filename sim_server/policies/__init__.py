"""Policies, what they observe, and where they are stored."""
