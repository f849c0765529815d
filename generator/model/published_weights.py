"""Checkpoints of the published motion diffusion model, as ours.

They come as `model000475000.pt` (numbers by name, at times under `model` and `model_avg`, the latter being the moving
average) beside `args.json`, and mean nothing without the Mean.npy and Std.npy of the HumanML3D that they were trained
on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generator.model.mdm import FEATURES
from generator.training.checkpoint import Checkpoint, tensors_of
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound, Violation

_HEADS, _FF = 4, 1024  # the published code has them fixed
_ENCODERS = {"clip": "clip", "bert": "distilbert"}
_ALIKE: dict[str, tuple[Any, ...]] = {
    "dataset": ("humanml",), "noise_schedule": ("cosine",), "pred_len": (0,), "context_len": (0,),
    "multi_target_cond": (False,), "emb_policy": ("add",), "unconstrained": (False,),
}  # fmt: skip
"""Arguments for which only these values make the model that `generator.model.mdm` is."""


def read_published(model: Path, statistics: Path, text_encoder: str = "") -> Checkpoint:
    """The checkpoint in the file `model`.

    Args:
        model: the .pt file, with its args.json in the same folder.
        statistics: the folder of Mean.npy and Std.npy.
        text_encoder: name of the text encoder (see `generator.text.encoders.text_encoder`); by default the one
            that args.json names, from the cache of `transformers`.

    Raises:
        NotFound: a file is not there.
        InvalidInput: a file is damaged, holds anything but numbers (which is not opened), or is of another model;
            missing, foreign and misshapen weights are named.
    """
    settings = _settings(model.parent / "args.json", text_encoder)
    weights = _weights(model)
    normalizer = Normalizer(*(_statistic(statistics / f"{name}.npy") for name in ("Mean", "Std")))
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode() + value.numpy().tobytes())
    card = {"model": "published", "source": model.name, "settings": settings.to_json()}
    digest.update(json.dumps(card, sort_keys=True).encode() + normalizer.mean.tobytes() + normalizer.std.tobytes())
    checkpoint = Checkpoint(digest.hexdigest()[:24], tensors_of(weights, normalizer), card)
    checkpoint.model()
    return checkpoint


def _settings(file: Path, text_encoder: str) -> Settings:
    try:
        given: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}; it must lie beside the checkpoint") from error
    except ValueError as error:
        raise InvalidInput.of(str(file), f"is no JSON ({error})") from error
    if not isinstance(given, dict):
        raise InvalidInput.of(str(file), f"is a {type(given).__name__}; must be a JSON object")
    wrong = [
        Violation(f"{file.name} {name}", f"is {given[name]!r}; can be read for {' or '.join(map(repr, alike))} alone")
        for name, alike in _ALIKE.items()
        if given.get(name, alike[0]) not in alike
    ]
    arch, text = given.get("arch", "trans_enc"), given.get("text_encoder_type", "clip")
    if arch not in ("trans_enc", "trans_dec"):
        wrong.append(Violation(f"{file.name} arch", f"is {arch!r}; must be 'trans_enc' or 'trans_dec'"))
    if text not in _ENCODERS:
        known = " or ".join(map(repr, _ENCODERS))
        wrong.append(Violation(f"{file.name} text_encoder_type", f"is {text!r}; must be {known}"))
    if wrong:
        raise InvalidInput(wrong)
    if arch == "trans_dec" and given.get("emb_trans_dec") and text == "clip":
        arch = "trans_dec_emb"
    try:
        return Settings(
            layers=int(given["layers"]),
            width=int(given["latent_dim"]),
            heads=_HEADS,
            ff=_FF,
            dropout=0.1,
            diffusion_steps=int(given.get("diffusion_steps", 1000)),
            mask_frames=bool(given.get("mask_frames", False)),
            arch=arch,
            text_encoder=text_encoder or _ENCODERS[text],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput.of(str(file), f"does not say what the model is made of ({error})") from error


def _weights(file: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}") from error
    except Exception as error:  # a damaged or hostile file may fail in any way
        reason = str(error).strip().splitlines()[0]
        raise InvalidInput.of(
            str(file), f"cannot be read as numbers alone, and is not opened otherwise ({reason})"
        ) from error
    for part in ("model_avg", "model"):
        if isinstance(state, dict) and isinstance(state.get(part), dict):
            state = state[part]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InvalidInput.of(str(file), "holds no weights by name; must be a checkpoint of the motion diffusion model")
    return {
        name: value.float().contiguous()
        for name, value in state.items()
        if not name.startswith("clip_model.") and not name.endswith(".pe")
    }


def _statistic(file: Path) -> np.ndarray:
    try:
        values = np.load(file, allow_pickle=False).astype(np.float32)
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}; it is HumanML3D's, and the weights mean nothing without it") from error
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    if values.shape != (FEATURES,) or not np.isfinite(values).all():
        raise InvalidInput.of(str(file), f"has shape {values.shape}; must be ({FEATURES},), all finite")
    return values
