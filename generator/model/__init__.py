"""The motion diffusion model's network."""
