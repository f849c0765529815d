"""The diffusion process and flow matching, for training and for sampling."""
