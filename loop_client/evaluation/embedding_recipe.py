"""The settings of the embedding, apart from the network so that reading a recipe does not load torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from motion.errors import InvalidInput
from motion.shell.schema import Integer


@dataclass(frozen=True)
class EmbeddingRecipe:
    """The embedding that FID and diversity are measured in; see `loop_client.evaluation.embedding`.

    Attributes:
        size: dimensions, an even number. Choose it smaller than the number of samples: otherwise their covariance is
            singular.
        width: channels of the network's hidden layers.
        steps: optimizer steps.
        seed: seed of the initial weights and of the batches.
    """

    size: Annotated[int, Integer(2, 512)] = 32
    width: Annotated[int, Integer(8, 1024)] = 64
    steps: Annotated[int, Integer(1, 100_000)] = 300
    seed: Annotated[int, Integer()] = 0

    def __post_init__(self) -> None:
        if self.size % 2:
            raise InvalidInput.of("size", f"is {self.size}; must be even: half are means, half deviations over time")
