"""The sections of a recipe, each a table of its TOML file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from loop_client.evaluation.embedding_recipe import EmbeddingRecipe
from motion.correction_options import (
    EFFORTS,
    MAX_EFFORT,
    Assist,
    CorrectionOptions,
    Effort,
    effort_name,
)
from motion.errors import InvalidInput
from motion.shell.schema import Either, Integer, Key, ListOf, Number, Scalars, Text

HELD_OUT, SPLIT = "held_out", "split"
_ASSIST = Either((Number(0.0), Text(("auto", "none"))), "'auto', 'none' or a number of newtons")
_EFFORT = Either(
    (Integer(1, MAX_EFFORT), Text(EFFORTS)),
    f"one of {', '.join(map(repr, EFFORTS))}, or a whole number from 1 to {MAX_EFFORT}",
)


@dataclass(frozen=True)
class DataRecipe:
    """The real motions.

    Attributes:
        n: number of motions to train on.
        train: `default` for the set that ships with Plumb, or the path of a set; `$NAME/` stands for the folder that
            the environment variable names.
        test: where the test motions come from: `held_out`, the motions of `train` that are not drawn for training;
            `split`, the split `test` of the set `train`, of which then only the split `train` is trained on; or the
            path of another set.
        drop: metadata fields of the sets; a motion for which one of them is true or not empty is left out.
        index: path of HumanML3D's index.csv, which tells the recording that each clip was cut from.
        sources: keep only the clips whose recording's path contains one of these texts, such as `["BMLmovi"]` in
            Gillman et al.; needs `index`.
        not_sources: of those, leave out the clips whose recording's path contains one of these texts.
        not_captions: leave out the motions of which a caption contains one of these texts, in any case.
        test_n: largest number of test motions.
        balance: a metadata field whose values are drawn equally often; empty for a plain draw.
        seed: seed of the draw.
    """

    n: Annotated[int, Integer(2)]
    train: Annotated[str, Text()] = "default"
    test: Annotated[str, Text()] = HELD_OUT
    drop: Annotated[tuple[str, ...], ListOf(Text())] = ()
    index: Annotated[str, Text(may_be_empty=True)] = ""
    sources: Annotated[tuple[str, ...], ListOf(Text())] = ()
    not_sources: Annotated[tuple[str, ...], ListOf(Text())] = ()
    not_captions: Annotated[tuple[str, ...], ListOf(Text())] = ()
    test_n: Annotated[int, Integer(2)] = 64
    balance: Annotated[str, Text(may_be_empty=True)] = ""
    seed: Annotated[int, Integer()] = 0

    def __post_init__(self) -> None:
        if bool(self.index) != bool(self.sources):
            raise InvalidInput.of("index", f"is {self.index!r} and sources are {list(self.sources)}; give both or none")


@dataclass(frozen=True)
class GeneratorRecipe:
    """How the generator is trained.

    Attributes:
        first_steps: optimizer steps of generation 0, on the real motions.
        later_steps: optimizer steps of each later generation, in every arm.
        init: id of the checkpoint that generation 0 starts from; empty to train it from scratch.
        retrain: what a later generation starts from: `finetune`, the checkpoint of the generation before; `scratch`,
            the same as generation 0.
        optimizer: `fresh` in each generation, as published, or `kept`: continue with the optimizer's moments, if the
            generation before kept them.
        settings: settings of the training, by the names that the generator gives them.
        later_settings: settings that differ in a generation that starts from the checkpoint before.
    """

    first_steps: Annotated[int, Integer(1)]
    later_steps: Annotated[int, Integer(1)]
    init: Annotated[str, Text(may_be_empty=True)] = ""
    retrain: Annotated[str, Text(("finetune", "scratch"))] = "finetune"
    optimizer: Annotated[str, Text(("fresh", "kept"))] = "fresh"
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)
    later_settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.later_settings and self.retrain == "scratch":
            raise InvalidInput.of(
                "later_settings", "has no place with retrain 'scratch': no generation starts from the one before"
            )

    def starts_over(self, generation: int) -> bool:
        """Return whether a generation is trained from `init`, not from the checkpoint of the generation before."""
        return generation == 0 or self.retrain == "scratch"

    def training_settings(self, generation: int) -> dict[str, Any]:
        """Return the settings of one generation's training, by the names that the generator gives them."""
        chosen = self.settings if self.starts_over(generation) else self.settings | self.later_settings
        return chosen | ({"keep_optimizer": True} if self.optimizer == "kept" else {})


@dataclass(frozen=True)
class SamplingRecipe:
    """How motions are sampled; None leaves a value to the model.

    Attributes:
        guidance: scale of classifier-free guidance; 1 means none.
        steps: number of denoising steps.
    """

    guidance: Annotated[float | None, Number(0.0)] = None
    steps: Annotated[int | None, Integer(1, 10_000)] = None


@dataclass(frozen=True)
class SyntheticRecipe:
    """The synthetic motions that a generation is trained on.

    Attributes:
        share: their number as a share of the n real motions, `lambda` in a recipe; int(lambda n) are sampled.
        captions: the captions they are trained with: `source`, all captions of the real motion that gave the prompt,
            as published, or `prompt`, the prompt alone.
    """

    share: Annotated[float, Number(0.0, 100.0), Key("lambda")] = 1.0
    captions: Annotated[str, Text(("source", "prompt"))] = "source"


@dataclass(frozen=True)
class CorrectionRecipe:
    """How the physics corrector corrects; see `motion.protocols.CorrectionOptions`.

    Attributes:
        policy: name of the policy; empty for the corrector's default.
        assist: `auto`, `none`, or the limit of the assist in newtons.
        effort: how much computing a motion may take: `kinematic`, `fast`, `standard` or `thorough`. A loop corrects
            thousands of motions, so it is `fast` by default. In older recipes it is a whole number: 1 is `standard`, 2
            to 4 are `thorough`.
    """

    policy: Annotated[str, Text(may_be_empty=True)] = ""
    assist: Annotated[Assist, _ASSIST] = "auto"
    effort: Annotated[Effort, _EFFORT] = "fast"

    def __post_init__(self) -> None:
        # A run that was begun with a number goes on with the name that it stands for.
        object.__setattr__(self, "effort", effort_name(self.effort))

    def options(self) -> CorrectionOptions:
        """Return the section as the corrector's options."""
        return CorrectionOptions(self.policy, self.assist, self.effort)


@dataclass(frozen=True)
class EvaluationRecipe:
    """What is measured in each generation.

    Attributes:
        samples: number of motions that are sampled, with prompts and lengths of the test motions.
        corrected: how many of them are corrected by physics, in every arm, to measure how far they are from plausible.
        embedding: the embedding that FID and diversity are measured in, a small autoencoder of the run's own.
        evaluator: a text-to-motion evaluator, in whose space FID, R-precision, matching score, diversity and
            multimodality are measured too: `default` for the one that ships, or its folder; empty for none.
    """

    samples: Annotated[int, Integer(2, 100_000)] = 64
    corrected: Annotated[int, Integer(0, 100_000)] = 32
    embedding: EmbeddingRecipe = field(default_factory=EmbeddingRecipe)
    evaluator: Annotated[str, Text(may_be_empty=True)] = ""
