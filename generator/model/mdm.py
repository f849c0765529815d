"""The motion diffusion model: a transformer that sees a noisy motion, the time and a text, and says the clean motion.

Tevet et al., "Human Motion Diffusion Model", ICLR 2023. Parameters have the published names and shapes, so that
published checkpoints fit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.model.transformer import DecoderLayer, EncoderLayer, sinusoids
from generator.text.text_batch import TextBatch

FEATURES = 263
TEXT_DIM = 512
ARCHITECTURES = ("trans_enc", "trans_dec", "trans_dec_emb")
_LONGEST = 5000


class MDM(nn.Module):
    """The network.

    Args:
        layers, width, heads, ff, dropout: of the transformer.
        mask_frames: hide padded frames from attention; the published default shows them.
        arch: how it learns of time and text, whose sum is a token (or one for each token of the text): `trans_enc`,
            an encoder, has it stand before the frames; `trans_dec`, a decoder, has the frames look at it;
            `trans_dec_emb` both.
        text_dim: length of a text's vectors.
    """

    embed_timestep: nn.ModuleDict
    input_process: nn.ModuleDict
    output_process: nn.ModuleDict
    positions: Tensor

    def __init__(
        self,
        layers: int,
        width: int,
        heads: int,
        ff: int,
        dropout: float = 0.1,
        mask_frames: bool = False,
        arch: str = "trans_enc",
        text_dim: int = TEXT_DIM,
    ):
        super().__init__()
        self.mask_frames = mask_frames
        self._prefixed = arch != "trans_dec"
        self._decodes = arch != "trans_enc"
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(FEATURES, width)})
        layer, name = (DecoderLayer, "seqTransDecoder") if self._decodes else (EncoderLayer, "seqTransEncoder")
        self._stack = f"{name}.layers"
        stack = nn.ModuleList(layer(width, heads, ff, dropout) for _ in range(layers))
        self.add_module(name, nn.ModuleDict({"layers": stack}))
        self.embed_timestep = nn.ModuleDict(
            {"time_embed": nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))}
        )
        self.embed_text = nn.Linear(text_dim, width)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, FEATURES)})
        self.drop = nn.Dropout(dropout)
        self.register_buffer("positions", sinusoids(_LONGEST, width), persistent=False)

    def forward(self, x: Tensor, time: Tensor, text: TextBatch, valid: Tensor | None = None) -> Tensor:
        """Predicted clean features (batch, frames, 263), float32, whatever the network computes in.

        Args:
            x: (batch, frames, 263) noisy normalised features.
            time: (batch,) integer diffusion steps.
            text: one token a text, but for `trans_dec`, which takes any number.
            valid: (batch, frames) bool, False where a motion has ended; only looked at with `mask_frames`.
        """
        kind = self.embed_text.weight.dtype
        moment = self.embed_timestep["time_embed"](self.positions[time].to(kind))
        condition = moment[:, None] + self.embed_text(text.tokens.to(kind))
        frames = self.input_process["poseEmbedding"](x.to(kind))
        tokens = torch.cat([condition, frames], 1) if self._prefixed else frames
        tokens = self.drop(tokens + self.positions[: tokens.shape[1]].to(kind))
        visible = None
        if self.mask_frames and valid is not None:
            visible = functional.pad(valid, (tokens.shape[1] - valid.shape[1], 0), value=True)[:, None, None]
        told = None if text.shown.shape[1] == 1 else text.shown[:, None, None]
        for layer in self.get_submodule(self._stack).children():
            tokens = layer(tokens, visible, condition, told) if self._decodes else layer(tokens, visible)
        return self.output_process["poseFinal"](tokens[:, -x.shape[1] :]).float()
