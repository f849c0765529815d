"""The motion diffusion model: a transformer that predicts the clean motion from a noisy one, the time and a text.

Tevet et al., "Human Motion Diffusion Model", ICLR 2023. Parameters have the published names and shapes, so published
checkpoints can be loaded.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.model.transformer import DecoderLayer, EncoderLayer, sinusoidal_encoding
from generator.text.text_batch import TextBatch

FEATURES = 263
TEXT_DIM = 512
ARCHITECTURES = ("trans_enc", "trans_dec", "trans_dec_emb")
_MAX_POSITIONS = 5000


class MDM(nn.Module):
    """The network of the motion diffusion model.

    Args:
        layers: number of transformer layers.
        width: size of a token.
        heads: number of attention heads.
        ff: width of the feed-forward networks.
        dropout: dropout probability.
        mask_frames: hide padded frames from attention; the published default shows them.
        arch: how the network is conditioned on the sum of time and text embeddings, one condition token for each
            token of the text: `trans_enc`, an encoder, takes it as a token before the frames; `trans_dec`, a decoder,
            as the memory that the frames attend to; `trans_dec_emb` as both.
        text_dim: size of a text's vectors.
    """

    embed_timestep: nn.ModuleDict
    input_process: nn.ModuleDict
    output_process: nn.ModuleDict
    position_encoding: Tensor

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
        self._has_condition_token = arch != "trans_dec"
        self._is_decoder = arch != "trans_enc"
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(FEATURES, width)})
        layer, name = (DecoderLayer, "seqTransDecoder") if self._is_decoder else (EncoderLayer, "seqTransEncoder")
        self._layers_name = f"{name}.layers"
        stack = nn.ModuleList(layer(width, heads, ff, dropout) for _ in range(layers))
        self.add_module(name, nn.ModuleDict({"layers": stack}))
        self.embed_timestep = nn.ModuleDict(
            {"time_embed": nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))}
        )
        self.embed_text = nn.Linear(text_dim, width)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, FEATURES)})
        self.drop = nn.Dropout(dropout)
        self.register_buffer("position_encoding", sinusoidal_encoding(_MAX_POSITIONS, width), persistent=False)

    def forward(self, x: Tensor, time: Tensor, text: TextBatch, valid: Tensor | None = None) -> Tensor:
        """Predict clean features (batch, frames, 263), float32 whatever the precision of the weights.

        Args:
            x: (batch, frames, 263) noisy normalised features.
            time: (batch,) integer diffusion steps.
            text: encoded texts, of one token each unless the architecture is `trans_dec`.
            valid: (batch, frames) bool, False past the end of a motion; only used with `mask_frames`.
        """
        dtype = self.embed_text.weight.dtype
        time_embedding = self.embed_timestep["time_embed"](self.position_encoding[time].to(dtype))
        condition = time_embedding[:, None] + self.embed_text(text.tokens.to(dtype))
        frames = self.input_process["poseEmbedding"](x.to(dtype))
        tokens = torch.cat([condition, frames], 1) if self._has_condition_token else frames
        tokens = self.drop(tokens + self.position_encoding[: tokens.shape[1]].to(dtype))
        mask = None
        if self.mask_frames and valid is not None:
            mask = functional.pad(valid, (tokens.shape[1] - valid.shape[1], 0), value=True)[:, None, None]
        memory_mask = None if text.mask.shape[1] == 1 else text.mask[:, None, None]
        for layer in self.get_submodule(self._layers_name).children():
            tokens = layer(tokens, mask, condition, memory_mask) if self._is_decoder else layer(tokens, mask)
        return self.output_process["poseFinal"](tokens[:, -x.shape[1] :]).float()
