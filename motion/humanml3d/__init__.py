"""HumanML3D's 263 features of a motion and its skeleton."""

from motion.humanml3d.features import (
    FEATURES_FPS,
    NUM_FEATURES,
    features_to_positions,
    mean_std,
    positions_to_features,
    recover_from_ric,
    recover_from_rot,
)

__all__ = [
    "FEATURES_FPS",
    "NUM_FEATURES",
    "features_to_positions",
    "mean_std",
    "positions_to_features",
    "recover_from_ric",
    "recover_from_rot",
]
