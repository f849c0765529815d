"""Training of imitation policies: clips, the vectorized environment, reward, curriculum and PPO.

The environment steps the simulation that also serves corrections.
"""
