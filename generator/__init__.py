"""Generators: motion from words, and training them further."""

from generator.diffusion_generator import DiffusionGenerator

__all__ = ["DiffusionGenerator"]
