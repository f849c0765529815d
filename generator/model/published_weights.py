"""Checkpoints of the published motion diffusion model, converted to ours.

They come as `model000475000.pt` (tensors by name, sometimes under `model` and `model_avg`, the latter being the moving
average) beside `args.json`. They are useless without the Mean.npy and Std.npy of the HumanML3D features that they were
trained on.
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
from generator.training.checkpoint import Checkpoint, checkpoint_tensors
from generator.training.normalizer import Normalizer
from generator.training.settings import Settings
from motion.errors import InvalidInput, NotFound, Violation

_HEADS, _FF = 4, 1024  # constants in the published code
_ENCODERS = {"clip": "clip", "bert": "distilbert"}
_SUPPORTED_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "dataset": ("humanml",),
    "noise_schedule": ("cosine",),
    "pred_len": (0,),
    "context_len": (0,),
    "multi_target_cond": (False,),
    "emb_policy": ("add",),
    "unconstrained": (False,),
}
"""Arguments and the values with which the published model is that of `generator.model.mdm`, the default first."""


def read_published(model: Path, statistics: Path, text_encoder: str = "") -> Checkpoint:
    """Read a published checkpoint without unpickling anything but tensors.

    Args:
        model: the .pt file, with its args.json in the same folder.
        statistics: folder of Mean.npy and Std.npy.
        text_encoder: name of the text encoder (see `generator.text.encoders.text_encoder`); by default the one in
            args.json, from the cache of `transformers`.

    Raises:
        NotFound: if a file does not exist.
        InvalidInput: if a file is damaged, contains more than tensors, or belongs to another model; missing, unknown
            and misshapen weights are named.
    """
    settings = _read_settings(model.parent / "args.json", text_encoder)
    weights = _read_weights(model)
    normalizer = Normalizer(*(_read_statistic(statistics / f"{name}.npy") for name in ("Mean", "Std")))
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode() + value.numpy().tobytes())
    card = {"model": "published", "source": model.name, "settings": settings.to_json()}
    digest.update(json.dumps(card, sort_keys=True).encode() + normalizer.mean.tobytes() + normalizer.std.tobytes())
    checkpoint = Checkpoint(digest.hexdigest()[:24], checkpoint_tensors(weights, normalizer), card)
    checkpoint.model()  # raises if the weights do not fit
    return checkpoint


def _read_settings(file: Path, text_encoder: str) -> Settings:
    arguments = _read_arguments(file)
    violations = [
        Violation(f"{file.name} {name}", f"is {arguments[name]!r}; must be {' or '.join(map(repr, supported))}")
        for name, supported in _SUPPORTED_ARGUMENTS.items()
        if arguments.get(name, supported[0]) not in supported
    ]
    arch, encoder = arguments.get("arch", "trans_enc"), arguments.get("text_encoder_type", "clip")
    if arch not in ("trans_enc", "trans_dec"):
        violations.append(Violation(f"{file.name} arch", f"is {arch!r}; must be 'trans_enc' or 'trans_dec'"))
    if encoder not in _ENCODERS:
        known = " or ".join(map(repr, _ENCODERS))
        violations.append(Violation(f"{file.name} text_encoder_type", f"is {encoder!r}; must be {known}"))
    if violations:
        raise InvalidInput(violations)
    if arch == "trans_dec" and arguments.get("emb_trans_dec") and encoder == "clip":
        arch = "trans_dec_emb"
    try:
        return Settings(
            layers=int(arguments["layers"]),
            width=int(arguments["latent_dim"]),
            heads=_HEADS,
            ff=_FF,
            dropout=0.1,
            diffusion_steps=int(arguments.get("diffusion_steps", 1000)),
            mask_frames=bool(arguments.get("mask_frames", False)),
            arch=arch,
            text_encoder=text_encoder or _ENCODERS[encoder],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput.of(str(file), f"does not give the model's layers and width as numbers ({error})") from error


def _read_arguments(file: Path) -> Mapping[str, Any]:
    try:
        arguments = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}; it must be in the folder of the checkpoint") from error
    except ValueError as error:
        raise InvalidInput.of(str(file), f"is not valid JSON ({error})") from error
    if not isinstance(arguments, dict):
        raise InvalidInput.of(str(file), f"is a {type(arguments).__name__}; must be a JSON object")
    return arguments


def _read_weights(file: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}") from error
    except Exception as error:  # a damaged or hostile file may fail in any way
        reason = str(error).strip().splitlines()[0]
        raise InvalidInput.of(
            str(file), f"cannot be read as tensors alone, and nothing else is unpickled ({reason})"
        ) from error
    for key in ("model_avg", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InvalidInput.of(str(file), "has no weights by name; must be a checkpoint of the motion diffusion model")
    return {
        name: value.float().contiguous()
        for name, value in state.items()
        if not name.startswith("clip_model.") and not name.endswith(".pe")
    }


def _read_statistic(file: Path) -> np.ndarray:
    try:
        values = np.load(file, allow_pickle=False).astype(np.float32)
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}; it comes with HumanML3D, and the weights need it") from error
    except (OSError, ValueError) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    if values.shape != (FEATURES,) or not np.isfinite(values).all():
        raise InvalidInput.of(str(file), f"has shape {values.shape}; must be ({FEATURES},), all finite")
    return values
