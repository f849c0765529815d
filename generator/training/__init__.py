"""Training of motion models, and their checkpoints."""
