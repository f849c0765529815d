"""A policy that Stable-Baselines3 saved, as a policy folder; nothing of the file is unpickled."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from motion.errors import InvalidInput, NotFound
from motion.shell.atomic import atomic_group
from sim_server.policies.learned_policy import ACTIVATIONS, FURTHEST
from sim_server.policies.observation import ACTION_SIZE, OBSERVATION_SIZE, VERSION

_LAYER = re.compile(r"mlp_extractor\.policy_net\.(\d+)\.weight")


def convert_sb3(file: str | os.PathLike[str], folder: Path, name: str) -> Path:
    """Make a policy folder of an SB3 model: PPO or A2C with an `MlpPolicy`, trained on `ImitationVecEnv`.

    Args:
        file: what `model.save` wrote.
        folder: where to; answers with it.
        name: of the policy.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is none of SB3's, holds pickled code, or its actor is not one that `LearnedPolicy` can be.
    """
    where = os.fspath(file)
    state, activation = _read(where)
    indices = sorted(int(match.group(1)) for key in state if (match := _LAYER.fullmatch(key)))
    keys = [f"mlp_extractor.policy_net.{index}" for index in indices] + ["action_net"]
    missing = [key for key in keys if f"{key}.weight" not in state or f"{key}.bias" not in state]
    if missing:
        raise InvalidInput.of(where, f"has no {missing[0]}; must be an MlpPolicy with an actor of its own")
    layers = [(state[f"{key}.weight"].numpy(), state[f"{key}.bias"].numpy()) for key in keys]
    sizes = layers[0][0].shape[1], layers[-1][0].shape[0]
    if sizes != (OBSERVATION_SIZE, ACTION_SIZE):
        raise InvalidInput.of(
            where, f"leads from {sizes[0]} to {sizes[1]} numbers; must from {OBSERVATION_SIZE} to {ACTION_SIZE}"
        )
    normalized = "features_extractor.mean" in state
    mean = state["features_extractor.mean"].numpy() if normalized else np.zeros(OBSERVATION_SIZE)
    scale = state["features_extractor.scale"].numpy() if normalized else np.ones(OBSERVATION_SIZE)
    tensors = {"mean": mean, "scale": scale}
    for index, (weight, bias) in enumerate(layers):
        tensors |= {f"weight{index}": weight, f"bias{index}": bias}
    card = {
        "name": name,
        "observation_version": VERSION,
        "activation": activation,
        "furthest": FURTHEST if normalized else None,
        "source": Path(where).name,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_group([folder / "policy.safetensors", folder / "card.json"]) as (weights, text):
        save_file({key: np.ascontiguousarray(value, np.float32) for key, value in tensors.items()}, weights)
        text.write_text(json.dumps(card, indent=1) + "\n")
    return folder


def _read(where: str) -> tuple[dict[str, torch.Tensor], str]:
    """The state dict and the name of the activation."""
    try:
        with zipfile.ZipFile(where) as archive:
            weights, about = archive.read("policy.pth"), json.loads(archive.read("data"))
    except FileNotFoundError:
        raise NotFound(f"there is no file {where}") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InvalidInput.of(where, f"is no model that Stable-Baselines3 saved ({error})") from error
    try:
        state = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a hostile or broken file makes of it
        raise InvalidInput.of(where, f"has weights that cannot be read safely ({error})") from error
    return state, _activation(about, where)


def _activation(about: dict[str, Any], where: str) -> str:
    """SB3 writes its settings as text beside what it pickles: the text is enough."""
    said = about.get("policy_kwargs", {}).get("activation_fn", "Tanh")
    kind = re.sub(r"\W", "", str(said).rsplit(".", 1)[-1]).lower()
    if kind not in ACTIVATIONS:
        raise InvalidInput.of(where, f"has activations {said}; known are {', '.join(ACTIVATIONS)}")
    return kind
