"""A recipe for a training that takes seconds."""

from __future__ import annotations

from sim_server.learning.training_recipe import ClipsRecipe, PpoRecipe, SourceRecipe, TrainingRecipe

SOURCE = SourceRecipe("synthesis", count=3, seed=5, actions=("walk", "squat", "wave"))
TINY = TrainingRecipe(
    "tiny",
    ClipsRecipe((SOURCE,), {"clean": 0.6, "all": 0.4}),
    steps=600,
    chapter_steps=200,
    ppo=PpoRecipe(envs=4, horizon=25, minibatch=50, epochs=2, width=16),
)
"""Three chapters of two rollouts of 100 control steps."""
