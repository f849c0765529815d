"""Metrics of sets of motions, as pure functions of embeddings; each with its definition and where that is from."""
