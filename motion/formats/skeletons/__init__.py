"""Skeletons of any tool: whose joint is whose."""
