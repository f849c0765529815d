"""Text encoders with the published weights of CLIP and DistilBERT, through `transformers`.

Weights are taken from a folder or from the cache of `transformers`; nothing is downloaded here. Both need the extra
`clip`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from motion.errors import NotFound

_CLIP, _DISTILBERT = "openai/clip-vit-base-patch32", "distilbert/distilbert-base-uncased"
_CLIP_TOKENS = 22  # MDM cuts captions to 20 tokens and the two that stand around them
_BATCH = 64
_REMEMBERED = 8192


class _PretrainedText:
    """What both have alike: weights that are loaded when a text first comes, and texts that are encoded once."""

    kind: str
    longest: int

    def __init__(self, source: str, default: str):
        self.name = f"{self.kind}:{source}" if source else self.kind
        self._source = source or default
        self._transformers = _transformers()
        self.dim = self._dim(_local(self._transformers.AutoConfig.from_pretrained, self._source))
        self._loaded: tuple[Any, Any] | None = None
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), _BATCH):
            part = new[start : start + _BATCH]
            self._known.update(zip(part, self._encoded(part), strict=True))
        encoded = [self._known[text] for text in texts]
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return encoded

    @torch.inference_mode()
    def _encoded(self, texts: Sequence[str]) -> list[np.ndarray]:
        if self._loaded is None:
            tokenizer = _local(self._transformers.AutoTokenizer.from_pretrained, self._source)
            self._loaded = tokenizer, _local(self._network().from_pretrained, self._source).eval()
        tokenizer, network = self._loaded
        tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        return self._vectors(network(**tokens), tokens["attention_mask"])

    def _dim(self, config: Any) -> int:
        raise NotImplementedError

    def _network(self) -> Any:
        raise NotImplementedError

    def _vectors(self, output: Any, mask: torch.Tensor) -> list[np.ndarray]:
        raise NotImplementedError


class ClipText(_PretrainedText):
    """CLIP's projected text embedding, one vector a text: Radford et al., "Learning Transferable Visual Models From
    Natural Language Supervision", ICML 2021. Texts are cut as MDM cuts them."""

    kind, longest = "clip", _CLIP_TOKENS

    def __init__(self, source: str = ""):
        super().__init__(source, _CLIP)

    def _dim(self, config: Any) -> int:
        return int(config.projection_dim)

    def _network(self) -> Any:
        return self._transformers.CLIPTextModelWithProjection

    def _vectors(self, output: Any, mask: torch.Tensor) -> list[np.ndarray]:
        return [row[None] for row in output.text_embeds.float().numpy()]


class DistilBertText(_PretrainedText):
    """DistilBERT's last hidden state, one vector a token: Sanh et al., "DistilBERT, a distilled version of BERT",
    2019."""

    kind, longest = "distilbert", 512

    def __init__(self, source: str = ""):
        super().__init__(source, _DISTILBERT)

    def _dim(self, config: Any) -> int:
        return int(config.dim)

    def _network(self) -> Any:
        return self._transformers.DistilBertModel

    def _vectors(self, output: Any, mask: torch.Tensor) -> list[np.ndarray]:
        states = output.last_hidden_state.float().numpy()
        return [row[:count] for row, count in zip(states, mask.sum(1).tolist(), strict=True)]


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise NotFound("this text encoder needs transformers; install plumb-motion[clip]") from error
    return transformers


def _local(load: Callable[..., Any], source: str) -> Any:
    try:
        return load(source, local_files_only=True)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise NotFound(f"no text encoder at {source!r}, neither a folder nor in the cache: {reason}") from error
