"""Text encoders with the published weights of CLIP and DistilBERT, by way of `transformers`.

Weights come from a folder or from the cache of `transformers`; this module downloads nothing. Both encoders need the
extra `clip`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from motion.errors import NotFound

_CLIP, _DISTILBERT = "openai/clip-vit-base-patch32", "distilbert/distilbert-base-uncased"
_CLIP_TOKENS = 22  # MDM truncates captions to 20 tokens between a start and an end token
_BATCH = 64
_MAX_CACHED_TEXTS = 8192


class _PretrainedText:
    """A `TextEncoder` that loads its weights at the first text and caches the texts it has encoded."""

    kind: str
    max_tokens: int

    def __init__(self, source: str, default: str):
        self.name = f"{self.kind}:{source}" if source else self.kind
        self._source = source or default
        self._transformers = _import_transformers()
        self.dim = self._dim(_load_local(self._transformers.AutoConfig.from_pretrained, self._source))
        self._loaded: tuple[Any, Any] | None = None
        self._cache: OrderedDict[str, np.ndarray] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return a (tokens, dim) float32 array for each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._cache]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            self._cache.update(zip(batch, self._encode_batch(batch), strict=True))
        encoded = [self._cache[text] for text in texts]
        while len(self._cache) > _MAX_CACHED_TEXTS:
            self._cache.popitem(last=False)
        return encoded

    @torch.inference_mode()
    def _encode_batch(self, texts: Sequence[str]) -> list[np.ndarray]:
        if self._loaded is None:
            tokenizer = _load_local(self._transformers.AutoTokenizer.from_pretrained, self._source)
            self._loaded = tokenizer, _load_local(self._network().from_pretrained, self._source).eval()
        tokenizer, network = self._loaded
        tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt")
        return self._vectors(network(**tokens), tokens["attention_mask"])

    def _dim(self, config: Any) -> int:
        raise NotImplementedError

    def _network(self) -> Any:
        raise NotImplementedError

    def _vectors(self, output: Any, mask: torch.Tensor) -> list[np.ndarray]:
        raise NotImplementedError


class ClipText(_PretrainedText):
    """CLIP's projected text embedding, one vector per text, truncated as MDM truncates captions.

    Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021.

    Args:
        source: folder or name of the weights; by default those that MDM uses.

    Raises:
        NotFound: if `transformers` or the weights are not on this machine.
    """

    kind, max_tokens = "clip", _CLIP_TOKENS

    def __init__(self, source: str = ""):
        super().__init__(source, _CLIP)

    def _dim(self, config: Any) -> int:
        return int(config.projection_dim)

    def _network(self) -> Any:
        return self._transformers.CLIPTextModelWithProjection

    def _vectors(self, output: Any, mask: torch.Tensor) -> list[np.ndarray]:
        return [row[None] for row in output.text_embeds.float().numpy()]


class DistilBertText(_PretrainedText):
    """DistilBERT's last hidden state, one vector per token.

    Sanh et al., "DistilBERT, a distilled version of BERT", 2019.

    Args:
        source: folder or name of the weights; by default those that MDM uses.

    Raises:
        NotFound: if `transformers` or the weights are not on this machine.
    """

    kind, max_tokens = "distilbert", 512

    def __init__(self, source: str = ""):
        super().__init__(source, _DISTILBERT)

    def _dim(self, config: Any) -> int:
        return int(config.dim)

    def _network(self) -> Any:
        return self._transformers.DistilBertModel

    def _vectors(self, output: Any, mask: torch.Tensor) -> list[np.ndarray]:
        states = output.last_hidden_state.float().numpy()
        return [row[:count] for row, count in zip(states, mask.sum(1).tolist(), strict=True)]


def _import_transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise NotFound("this text encoder needs transformers; install plumb-motion[clip]") from error
    return transformers


def _load_local(load: Callable[..., Any], source: str) -> Any:
    try:
        return load(source, local_files_only=True)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise NotFound(f"no text encoder at {source!r}, neither a folder nor in the cache: {reason}") from error
