"""Metrics of sets of motions, as pure functions of their embeddings; each cites its definition."""
