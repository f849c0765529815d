"""Diffusion and flow matching, and sampling from them."""
