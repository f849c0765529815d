"""Evaluation of motion sets and generators."""
