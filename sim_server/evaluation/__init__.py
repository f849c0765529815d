"""Evaluation of correctors on corrupted clean motions, and measurement of the corrector's speed."""
