"""Training of the motion models, and their checkpoints."""
