"""Corrections on many machines: a corpus in shards, on any corrector or on a Ray cluster, and a service on Ray."""
