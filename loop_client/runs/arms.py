"""What a recipe says of an arm: a way of training on one's own output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from loop_client.strategy import STRATEGIES
from motion.errors import InvalidInput
from motion.shell.schema import Integer, Number, Table, Text

CORRECTORS = ("identity", "roundtrip", "physics")
VERIFIERS = ("completed", "phys_err", "distance", "force", "score")


@dataclass(frozen=True)
class VerifierRecipe:
    """Which synthetic motions are trained on: those that are not too bad.

    Attributes:
        kind: what a motion's badness is. `completed`, the share of it that the corrector's body did not get through;
            `phys_err`, its physical error in millimetres; `distance`, millimetres to its correction (mean over joints);
            `force`, the newtons of help that its correction took, on average; `score`, its distance to its prompt in
            the text-to-motion evaluator.
        most: the most badness that is kept.
        best_of: of so many samples of each prompt only the best is kept: curation, as by Ferbach et al.,
            "Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences", NeurIPS 2024.
    """

    kind: Annotated[str, Text(VERIFIERS)]
    most: Annotated[float, Number(0.0, finite=False)] = math.inf
    best_of: Annotated[int, Integer(1, 1000)] = 1

    def __post_init__(self) -> None:
        if math.isinf(self.most) and self.best_of == 1:
            raise InvalidInput.of("most", "is inf and best_of is 1; a verifier that keeps everything is none")

    @property
    def by_correction(self) -> bool:
        """Whether it asks the physics corrector, whether or not the corrections are trained on."""
        return self.kind in ("completed", "distance", "force")


@dataclass(frozen=True)
class ArmRecipe:
    """One way of training on one's own output.

    Attributes:
        name: names its folder and its curve.
        strategy: one of `loop_client.strategy.STRATEGIES`.
        corrector: `identity` (none), `roundtrip` (re-encoded, no physics) or `physics`.
        gamma: strength of the correction; each synthetic motion is replaced by its correction with probability
            gamma / (1 + gamma).
        relaxation: how far each of those goes to its correction: x + relaxation (correction - x). A correction is no
            projection: what is corrected again changes again. One that goes half of the way (under-relaxed, as a
            fixed-point iteration that overshoots) leaves less of that to be learned.
        failed: what becomes of a motion whose correction failed: `drop` it, or train on it as it was (`keep`).
        verifier: which synthetic motions are trained on; by default all.
        bias: of sampling the synthetic motions (those that are evaluated have none), as Alemohammad et al. (ICLR 2024)
            have it: guidance of scale 1 / bias; by default they are sampled as the recipe says.
        n: real motions that strategy `fresh` draws each generation; by default the recipe's.
        w: how far strategy `neon` goes the other way.
    """

    name: Annotated[str, Text()]
    strategy: Annotated[str, Text(tuple(STRATEGIES))]
    corrector: Annotated[str, Text(CORRECTORS)] = "identity"
    gamma: Annotated[float, Number(0.0, finite=False)] = math.inf
    relaxation: Annotated[float, Number(0.01, 1.0)] = 1.0
    failed: Annotated[str, Text(("drop", "keep"))] = "drop"
    verifier: Annotated[VerifierRecipe | None, Table(VerifierRecipe)] = None
    bias: Annotated[float | None, Number(0.01, 1.0)] = None
    n: Annotated[int, Integer()] = 0
    w: Annotated[float | None, Number(0.0)] = None

    def __post_init__(self) -> None:
        strategy = STRATEGIES.get(self.strategy)
        if self.n and strategy and not strategy.fresh_real:
            raise InvalidInput.of("n", f"is {self.n}; strategy {self.strategy!r} draws no real motions anew")
        if strategy and strategy.extrapolates != (self.w is not None):
            wanted = "must say how far it goes" if self.w is None else f"has no place with strategy {self.strategy!r}"
            raise InvalidInput.of("w", f"is {self.w}; {wanted}")
        if strategy and not strategy.synthesizes:
            for name, value in (("corrector", self.corrector != "identity"), ("bias", self.bias is not None)):
                if value:
                    said = f"is {getattr(self, name)!r}; strategy {self.strategy!r} makes no motions"
                    raise InvalidInput.of(name, said)
        if self.corrector == "identity":
            for name, default in (("relaxation", 1.0), ("gamma", math.inf), ("failed", "drop")):
                if (value := getattr(self, name)) != default:
                    raise InvalidInput.of(name, f"is {value!r}; has no place with corrector 'identity'")
        if self.verifier and strategy and not strategy.synthesizes:
            raise InvalidInput.of("verifier", f"has no place with strategy {self.strategy!r}, which makes no motions")
        if self.verifier and self.verifier.by_correction and self.corrector == "roundtrip":
            raise InvalidInput.of(
                "verifier.kind", f"is {self.verifier.kind!r}; it needs the physics that 'roundtrip' lacks"
            )
        if self.name and not (self.name.replace("-", "").replace("_", "").isalnum() and self.name.isascii()):
            raise InvalidInput.of("name", f"is {self.name!r}; must be letters, digits, - and _, for it names a folder")

    def fit_settings(self) -> dict[str, Any]:
        """What this arm asks of the generator's training."""
        return {} if self.w is None else {"extrapolation": -self.w}
