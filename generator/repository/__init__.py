"""A repository with a training and a sampling program as a generator."""

from generator.repository.command_generator import CommandGenerator
from generator.repository.command_recipe import CommandRecipe, read_command_recipe

__all__ = ["CommandGenerator", "CommandRecipe", "read_command_recipe"]
