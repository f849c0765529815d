"""The network of the motion diffusion model, its guidance, and its published weights."""
