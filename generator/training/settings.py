"""Settings of a motion model and its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from generator.model.mdm import ARCHITECTURES
from generator.text.encoders import DEFAULT_ENCODER
from motion.errors import InvalidInput, Violation

KINDS = ("diffusion", "flow")
PRECISIONS = ("float32", "bfloat16")
BOUNDS = {
    "layers": 128,
    "width": 8192,
    "heads": 128,
    "ff": 65_536,
    "diffusion_steps": 10_000,
    "batch": 16_384,
    "shards": 1024,
    "warmup": 10_000_000,
    "lr": 1e30,
    "clip": 1e30,
    "velocity_weight": 1e6,
}
"""Largest value of each setting that has one: far beyond published models, and small enough to be represented.

Whether a model of these sizes fits into memory is checked before it is built; see `generator.training.memory_estimate`.
"""
_MAX_EXTRAPOLATION = 1000.0


@dataclass(frozen=True)
class Settings:
    """Settings of a motion model and its training; the defaults make a model for two CPU cores.

    Attributes:
        kind: `diffusion`, the motion diffusion model, or `flow`, flow matching with the same network.
        layers: number of transformer layers.
        width: size of a token.
        heads: number of attention heads.
        ff: width of the feed-forward networks.
        dropout: dropout probability in training.
        diffusion_steps: steps of the diffusion process; not used by a flow.
        mask_frames: hide padded frames from attention (the published model shows them).
        arch: architecture of the network, see `generator.model.mdm.MDM`.
        text_encoder: name of the text encoder, see `generator.text.encoders.text_encoder`.
        max_frames: most frames of a training motion; longer ones are cut.
        batch: motions per step.
        shards: parts of a batch whose gradients are computed one after the other and added, so that less memory is
            needed, or by several processes at the same time; see `generator.training.data_parallel`.
        fused: update all weights by one kernel, which is faster on a GPU, with other rounding.
        lr: learning rate of AdamW, reached after the warm-up.
        warmup: steps of the warm-up; at most a quarter of all steps are used.
        decay: share of the steps, at the end, in which the learning rate falls to 0 along a cosine; 0 as published.
        ema: decay of the moving average of the weights; a checkpoint holds the average.
        clip: largest norm of the gradient.
        cond_drop: probability of training a sample without its text, for classifier-free guidance.
        precision: `float32`, or `bfloat16` to train in bfloat16 except for weights and their updates.
        velocity_weight: weight of the loss of frame-to-frame differences; 0 as published.
        extrapolation: how far the weights are moved from those of the start checkpoint to the trained ones: 1 is all
            the way, a negative number the other way (Alemohammad et al., "Neon", 2025).
        keep_optimizer: save Adam's moments beside the checkpoint, and continue with those of the start checkpoint if it
            was trained with this setting; missing moments are then an error.
    """

    kind: str = "diffusion"
    layers: int = 3
    width: int = 96
    heads: int = 4
    ff: int = 192
    dropout: float = 0.0
    diffusion_steps: int = 50
    mask_frames: bool = True
    arch: str = "trans_enc"
    text_encoder: str = DEFAULT_ENCODER
    max_frames: int = 196
    batch: int = 16
    shards: int = 1
    fused: bool = False
    lr: float = 5e-4
    warmup: int = 50
    decay: float = 0.0
    ema: float = 0.99
    clip: float = 1.0
    cond_drop: float = 0.1
    precision: str = "float32"
    velocity_weight: float = 0.0
    extrapolation: float = 1.0
    keep_optimizer: bool = False

    def __post_init__(self) -> None:
        may_be_zero = ("warmup", "velocity_weight")
        violations = [
            Violation(f"settings.{name}", f"is {getattr(self, name)}; must be positive and at most {bound:g}")
            for name, bound in BOUNDS.items()
            if name not in may_be_zero and not 0 < getattr(self, name) <= bound
        ]
        violations += [
            Violation(f"settings.{name}", f"is {getattr(self, name)}; must be at least 0 and below 1")
            for name in ("dropout", "ema", "cond_drop")
            if not 0 <= getattr(self, name) < 1
        ]
        violations += [
            Violation(f"settings.{name}", f"is {getattr(self, name)}; must be at least 0 and at most {BOUNDS[name]:g}")
            for name in may_be_zero
            if not 0 <= getattr(self, name) <= BOUNDS[name]
        ]
        if not abs(self.extrapolation) <= _MAX_EXTRAPOLATION:
            violations.append(
                Violation("settings.extrapolation", f"is {self.extrapolation}; must be within {_MAX_EXTRAPOLATION:g}")
            )
        if self.shards > self.batch:
            violations.append(
                Violation("settings.shards", f"is {self.shards}; must be at most the batch ({self.batch})")
            )
        if not 0 <= self.decay <= 1:
            violations.append(Violation("settings.decay", f"is {self.decay}; must be between 0 and 1"))
        if self.heads > 0 and self.width % self.heads:
            violations.append(
                Violation("settings.width", f"is {self.width}; must be a multiple of heads ({self.heads})")
            )
        if self.width > 0 and self.width % 2:
            violations.append(Violation("settings.width", f"is {self.width}; must be even, for sines and cosines"))
        if not 8 <= self.max_frames <= 4000:
            violations.append(Violation("settings.max_frames", f"is {self.max_frames}; must be between 8 and 4000"))
        if self.kind not in KINDS:
            violations.append(Violation("settings.kind", f"is {self.kind!r}; must be one of {', '.join(KINDS)}"))
        if self.precision not in PRECISIONS:
            violations.append(
                Violation("settings.precision", f"is {self.precision!r}; must be {' or '.join(PRECISIONS)}")
            )
        if self.arch not in ARCHITECTURES:
            violations.append(
                Violation("settings.arch", f"is {self.arch!r}; must be one of {', '.join(ARCHITECTURES)}")
            )
        elif self.text_encoder.startswith("distilbert") and self.arch != "trans_dec":
            violations.append(
                Violation("settings.arch", f"is {self.arch!r}; must be trans_dec for an encoder of many tokens")
            )
        if violations:
            raise InvalidInput(violations)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as a dictionary for JSON."""
        return asdict(self)

    def with_texts(self, texts: Mapping[str, str], fixed: bool = False) -> Settings:
        """Return a copy with some settings changed.

        Args:
            texts: the new values, as text, by name.
            fixed: the model exists already, so the settings of its network cannot change.

        Raises:
            InvalidInput: if a name is unknown, a text is not a valid value, or a fixed setting would change.
        """
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changes: dict[str, Any] = {}
        for name, text in texts.items():
            if name not in kinds:
                raise InvalidInput.of(f"settings.{name}", f"is unknown; must be one of {', '.join(sorted(kinds))}")
            changes[name] = _parse(name, text, kinds[name])
            if fixed and name in _MODEL_SETTINGS and changes[name] != getattr(self, name):
                raise InvalidInput.of(
                    f"settings.{name}", f"is {text}; the checkpoint to start from has {getattr(self, name)}"
                )
        return replace(self, **changes)


_MODEL_SETTINGS = ("kind", "layers", "width", "heads", "ff", "diffusion_steps", "mask_frames", "arch", "text_encoder")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        return _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError) as error:
        wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[kind]
        raise InvalidInput.of(f"settings.{name}", f"is {text!r}; must be {wanted}") from error
