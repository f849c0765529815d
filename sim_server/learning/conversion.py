"""Convert a checkpoint of Stable-Baselines3 to a policy folder, without unpickling anything."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motion.errors import InvalidInput, NotFound
from sim_server.policies.learned_policy import ACTIVATIONS, CLIP_RANGE
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZE
from sim_server.policies.policy_folder import write_policy

_LAYER = re.compile(r"mlp_extractor\.policy_net\.(\d+)\.weight")


def convert_sb3(file: str | os.PathLike[str], folder: Path, name: str) -> Path:
    """Convert a PPO or A2C model with an `MlpPolicy` that was trained on `ImitationVecEnv`.

    Args:
        file: the file that `model.save` wrote.
        folder: folder of the policy; made if need be.
        name: name of the policy.

    Returns:
        The folder.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is no model of Stable-Baselines3, holds pickled code, or has an actor that
            `LearnedPolicy` cannot represent.
    """
    where = os.fspath(file)
    state, activation = _read_model(where)
    indices = sorted(int(match.group(1)) for key in state if (match := _LAYER.fullmatch(key)))
    keys = [f"mlp_extractor.policy_net.{index}" for index in indices] + ["action_net"]
    missing = [key for key in keys if f"{key}.weight" not in state or f"{key}.bias" not in state]
    if missing:
        raise InvalidInput.of(where, f"has no {missing[0]}; must be an MlpPolicy with an actor of its own")
    layers = [(state[f"{key}.weight"].numpy(), state[f"{key}.bias"].numpy()) for key in keys]
    sizes = layers[0][0].shape[1], layers[-1][0].shape[0]
    if sizes != (OBSERVATION_SIZE, ACTION_SIZE):
        raise InvalidInput.of(
            where, f"maps {sizes[0]} numbers to {sizes[1]}; must map {OBSERVATION_SIZE} to {ACTION_SIZE}"
        )
    normalized = "features_extractor.mean" in state
    mean = state["features_extractor.mean"].numpy() if normalized else np.zeros(OBSERVATION_SIZE)
    scale = state["features_extractor.scale"].numpy() if normalized else np.ones(OBSERVATION_SIZE)
    tensors = {"mean": mean, "scale": scale}
    for index, (weight, bias) in enumerate(layers):
        tensors |= {f"weight{index}": weight, f"bias{index}": bias}
    card = {
        "activation": activation,
        "clip_range": CLIP_RANGE if normalized else None,
        "source": Path(where).name,
    }
    write_policy(folder, name, tensors, card)
    return folder


def _read_model(where: str) -> tuple[dict[str, torch.Tensor], str]:
    """Read the state dict of a saved model, and the name of its activation function."""
    try:
        with zipfile.ZipFile(where) as archive:
            weights, settings = archive.read("policy.pth"), json.loads(archive.read("data"))
    except FileNotFoundError:
        raise NotFound(f"there is no file {where}") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InvalidInput.of(where, f"is not a model saved by Stable-Baselines3 ({error})") from error
    try:
        state = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
    except Exception as error:  # a hostile or damaged file can raise anything
        raise InvalidInput.of(where, f"has weights that cannot be read safely ({error})") from error
    return state, _activation(settings, where)


def _activation(settings: Mapping[str, Any], where: str) -> str:
    """Return the activation function, which Stable-Baselines3 writes as text beside the pickled settings."""
    text = settings.get("policy_kwargs", {}).get("activation_fn", "Tanh")
    kind = re.sub(r"\W", "", str(text).rsplit(".", 1)[-1]).lower()
    if kind not in ACTIVATIONS:
        raise InvalidInput.of(where, f"has activations {text}; must be one of {', '.join(ACTIVATIONS)}")
    return kind
