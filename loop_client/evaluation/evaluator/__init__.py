"""The text-to-motion evaluator: motions and texts in one space, where they are compared.

Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", CVPR 2022. The networks have the published
names and shapes, so published checkpoints fit.
"""
