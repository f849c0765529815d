"""Training of imitation policies: clips, the environment that is the serving simulation, curriculum, PPO."""
