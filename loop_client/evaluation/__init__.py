"""Evaluation of sets of motions and of generators."""
