"""The text-to-motion evaluator, which embeds motions and texts in one space.

Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022. The networks have the published
names and shapes, so that published checkpoints can be loaded.
"""
