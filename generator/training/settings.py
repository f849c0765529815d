"""What can be chosen about a model and its training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from generator.model.mdm import ARCHITECTURES
from generator.text.encoders import DEFAULT_ENCODER
from motion.errors import InvalidInput, Violation

KINDS = ("diffusion", "flow")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Settings:
    """Settings of a motion model and of its training; the defaults make a model for two CPU cores.

    Attributes:
        kind: `diffusion`, the motion diffusion model, or `flow`, flow matching with the same network.
        layers, width, heads, ff: of the transformer.
        dropout: in training.
        diffusion_steps: steps of the diffusion process that is learned; nothing to a flow.
        mask_frames: padded frames are hidden from attention (the published model shows them).
        arch: of the network, see `generator.model.mdm.MDM`.
        text_encoder: name of the text encoder, see `generator.text.encoders.text_encoder`.
        max_frames: most frames of a training motion; longer ones are cut.
        batch: motions a step.
        lr: learning rate of AdamW, reached after `warmup` steps.
        warmup: steps; at most a quarter of a fit.
        decay: share of a fit, at its end, over which the learning rate falls to nothing as a cosine; 0 as published.
        ema: decay of the moving average of the weights, which is what a checkpoint holds.
        clip: largest norm of the gradient.
        cond_drop: share of samples that are trained without their text, for classifier-free guidance.
        precision: what training computes in: `float32`, or `bfloat16` where that does no harm (weights and their
            updates stay float32).
        velocity_weight: of the error in the change from frame to frame, beside that in the frames; 0 as published.
        extrapolation: of a fit that goes on from a checkpoint, how far the result is moved from that checkpoint to what
            was trained: 1 is there, a negative number the other way (Alemohammad et al., "Neon", 2025).
        keep_optimizer: keep Adam's moments beside the checkpoint, and go on with those of the checkpoint before, where
            that was trained so; moments that should be there and are not are refused.
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
        positive = ("layers", "width", "heads", "ff", "diffusion_steps", "batch", "lr", "clip")
        wrong = [Violation(f"settings.{name}", f"is {getattr(self, name)}; must be positive and finite")
                 for name in positive if not 0 < getattr(self, name) < math.inf]  # fmt: skip
        wrong += [Violation(f"settings.{name}", f"is {getattr(self, name)}; must be at least 0 and below 1")
                  for name in ("dropout", "ema", "cond_drop") if not 0 <= getattr(self, name) < 1]  # fmt: skip
        wrong += [
            Violation(f"settings.{name}", f"is {getattr(self, name)}; must be finite and not negative")
            for name in ("warmup", "velocity_weight")
            if not 0 <= getattr(self, name) < math.inf
        ]
        if not math.isfinite(self.extrapolation):
            wrong.append(Violation("settings.extrapolation", f"is {self.extrapolation}; must be finite"))
        if not 0 <= self.decay <= 1:
            wrong.append(Violation("settings.decay", f"is {self.decay}; must be between 0 and 1"))
        if self.heads > 0 and self.width % self.heads:
            wrong.append(Violation("settings.width", f"is {self.width}; must be a multiple of heads ({self.heads})"))
        if self.width > 0 and self.width % 2:
            wrong.append(Violation("settings.width", f"is {self.width}; must be even: sines and cosines"))
        if not 8 <= self.max_frames <= 4000:
            wrong.append(Violation("settings.max_frames", f"is {self.max_frames}; must be between 8 and 4000"))
        if self.kind not in KINDS:
            wrong.append(Violation("settings.kind", f"is {self.kind!r}; must be one of {', '.join(KINDS)}"))
        if self.precision not in PRECISIONS:
            wrong.append(Violation("settings.precision", f"is {self.precision!r}; must be {' or '.join(PRECISIONS)}"))
        if self.arch not in ARCHITECTURES:
            wrong.append(Violation("settings.arch", f"is {self.arch!r}; must be one of {', '.join(ARCHITECTURES)}"))
        elif self.text_encoder.startswith("distilbert") and self.arch != "trans_dec":
            wrong.append(Violation("settings.arch", f"is {self.arch!r}; must be trans_dec where texts are many tokens"))
        if wrong:
            raise InvalidInput(wrong)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def with_texts(self, texts: Mapping[str, str], fixed: bool = False) -> Settings:
        """These settings with some changed, each given as text.

        `fixed`: the model exists already; what it is made of cannot change any more.

        Raises:
            InvalidInput: an unknown name, a text that is no such value, or a change of a model that exists.
        """
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changes: dict[str, Any] = {}
        for name, text in texts.items():
            if name not in kinds:
                raise InvalidInput.of(f"settings.{name}", f"is unknown; must be one of {', '.join(sorted(kinds))}")
            changes[name] = _parsed(name, text, kinds[name])
            if fixed and name in _OF_THE_MODEL and changes[name] != getattr(self, name):
                raise InvalidInput.of(
                    f"settings.{name}", f"is {text}; the checkpoint to start from has {getattr(self, name)}"
                )
        return replace(self, **changes)


_OF_THE_MODEL = ("kind", "layers", "width", "heads", "ff", "diffusion_steps", "mask_frames", "arch", "text_encoder")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _parsed(name: str, text: str, kind: type) -> Any:
    try:
        return _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError) as error:
        wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[kind]
        raise InvalidInput.of(f"settings.{name}", f"is {text!r}; must be {wanted}") from error
