"""The arms of a recipe: the ways of training on one's own output that an experiment compares."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from loop_client.strategy import STRATEGIES, Strategy
from motion.errors import InvalidInput, Violation
from motion.shell.schema import Integer, Number, Table, Text

CORRECTORS = ("identity", "roundtrip", "physics")
VERIFIERS = ("completed", "phys_err", "distance", "force", "score")


@dataclass(frozen=True)
class VerifierRecipe:
    """A verifier, which decides by a measure of badness which synthetic motions are trained on.

    Attributes:
        kind: the badness of a motion. `completed`: the share of its frames that the simulated body failed to follow;
            `phys_err`: its physical error in millimetres; `distance`: its mean joint distance to its correction in
            millimetres; `force`: the mean assist force of its correction in newtons; `score`: its distance to its
            prompt in the text-to-motion evaluator.
        most: the largest badness that is kept.
        best_of: number of samples of each prompt, of which only the best is kept: curation, as in Ferbach et al.,
            "Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences", NeurIPS 2024.
    """

    kind: Annotated[str, Text(VERIFIERS)]
    most: Annotated[float, Number(0.0, finite=False)] = math.inf
    best_of: Annotated[int, Integer(1, 1000)] = 1

    def __post_init__(self) -> None:
        if math.isinf(self.most) and self.best_of == 1:
            raise InvalidInput.of("most", "is inf and best_of is 1; a verifier that keeps everything is none")

    @property
    def needs_correction(self) -> bool:
        """Whether the badness is read off a correction by physics, even if corrections are not trained on."""
        return self.kind in ("completed", "distance", "force")


@dataclass(frozen=True)
class ArmRecipe:
    """One way of training on one's own output.

    Attributes:
        name: the name of its folder and of its curve.
        strategy: one of `loop_client.strategy.STRATEGIES`.
        corrector: `identity` (no correction), `roundtrip` (re-encoded without physics) or `physics`.
        gamma: strength of the correction; each synthetic motion is replaced by its correction with probability
            gamma / (1 + gamma).
        relaxation: how far a replaced motion moves towards its correction: x + relaxation (correction - x). A
            correction is no projection: a corrected motion that is corrected again changes again. Going only part of
            the way, as under-relaxation does for a fixed-point iteration that overshoots, leaves less of that change
            for the generator to learn.
        failed: what happens to a motion whose correction failed: `drop` it, or `keep` it uncorrected.
        verifier: decides which synthetic motions are trained on; None for all.
        bias: sampling bias of the synthetic motions that are trained on, as in Alemohammad et al. (ICLR 2024), applied
            as guidance of scale 1 / bias. The samples that are evaluated have none. None for the recipe's guidance.
        n: number of real motions that strategy `fresh` draws in each generation; 0 for the recipe's.
        w: how far strategy `neon` extrapolates away from what it trained.
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
        violations = list(self._strategy_violations(strategy)) if strategy else []
        violations += self._correction_violations()
        if self.name and not (self.name.replace("-", "").replace("_", "").isalnum() and self.name.isascii()):
            reason = f"is {self.name!r}; must be letters, digits, - and _, for it names a folder"
            violations.append(Violation("name", reason))
        if violations:
            raise InvalidInput(violations)

    @property
    def synthesizes(self) -> bool:
        """Whether the arm trains on synthetic motions."""
        return STRATEGIES[self.strategy].synthesizes

    def training_settings(self) -> dict[str, Any]:
        """Return the settings of the generator's training that only this arm has."""
        return {} if self.w is None else {"extrapolation": -self.w}

    def _strategy_violations(self, strategy: Strategy) -> Iterator[Violation]:
        """Find settings that the strategy has no use for."""
        if self.n and not strategy.fresh_real:
            yield Violation("n", f"is {self.n}; strategy {self.strategy!r} draws no fresh real motions")
        if strategy.extrapolates and self.w is None:
            yield Violation("w", "is missing; must be how far the weights are extrapolated")
        if self.w is not None and not strategy.extrapolates:
            yield Violation("w", f"is {self.w}; has no place with strategy {self.strategy!r}")
        if not strategy.synthesizes:
            for name, given in (("corrector", self.corrector != "identity"), ("bias", self.bias is not None)):
                if given:
                    yield Violation(name, f"is {getattr(self, name)!r}; strategy {self.strategy!r} makes no motions")
            if self.verifier:
                reason = f"has no place with strategy {self.strategy!r}, which makes no motions"
                yield Violation("verifier", reason)

    def _correction_violations(self) -> Iterator[Violation]:
        """Find settings that the corrector has no use for, or a verifier that needs another corrector."""
        if self.corrector == "identity":
            for name, default in (("relaxation", 1.0), ("gamma", math.inf), ("failed", "drop")):
                if (value := getattr(self, name)) != default:
                    yield Violation(name, f"is {value!r}; has no place with corrector 'identity'")
        if self.verifier and self.verifier.needs_correction and self.corrector == "roundtrip":
            reason = f"is {self.verifier.kind!r}; it needs the physics that 'roundtrip' lacks"
            yield Violation("verifier.kind", reason)
