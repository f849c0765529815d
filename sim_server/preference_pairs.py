"""Preference pairs: of two motions for one prompt, the simulator prefers the one that a body can rather do."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from motion.errors import InvalidInput
from motion.humanml3d.features import FEATURES_FPS, positions_to_features
from motion.motion import Motion
from motion.report import Correction
from motion.resample import resample_motion
from motion.score import Score
from motion.shell.atomic import atomic_path


@dataclass(frozen=True)
class Judgement:
    """What the simulator says of one motion.

    Attributes:
        force_n: force that nobody supplies: the missing force of its score, or the assist of its correction [N].
        failed: whether the body lost the motion when it was corrected.
    """

    force_n: float
    failed: bool = False

    @classmethod
    def of_score(cls, score: Score) -> Judgement:
        """Judge a motion as it is."""
        return cls(score.force_n_mean)

    @classmethod
    def of_correction(cls, correction: Correction) -> Judgement:
        """Judge a motion by what its simulation took."""
        return cls(correction.report.residual_force_n_mean, correction.report.status == "FAILED")

    @property
    def cost_n(self) -> float:
        """What is compared [N]: infinite for a motion that the body lost."""
        return math.inf if self.failed else self.force_n


@dataclass(frozen=True)
class PreferencePair:
    """Two motions for one prompt.

    Attributes:
        prompt: the prompt.
        chosen: place of the motion that is preferred.
        rejected: place of the other one.
        margin_n: by how much less force it needs [N]; infinite if the body lost the other one.
    """

    prompt: str
    chosen: int
    rejected: int
    margin_n: float


def preference_pairs(
    prompts: Sequence[str], judgements: Sequence[Judgement], margin_n: float = 10.0, per_prompt: int = 1
) -> list[PreferencePair]:
    """Pair motions of the same prompt whose judgements are far enough apart.

    Two motions that the body lost are not paired.

    Args:
        prompts: of each motion; motions with equal prompts are compared.
        judgements: of each motion.
        margin_n: least difference [N].
        per_prompt: most pairs for one prompt; those that are farthest apart.

    Returns:
        The pairs, prompts in the order in which they come first, and for each the farthest apart first.
    """
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place, prompt in enumerate(prompts):
        groups[prompt].append(place)
    pairs = []
    for prompt, places in groups.items():
        found = []
        for one, other in combinations(places, 2):
            chosen, rejected = sorted((one, other), key=lambda place: judgements[place].cost_n)
            if judgements[chosen].failed:
                continue
            margin = judgements[rejected].cost_n - judgements[chosen].cost_n
            if margin >= margin_n and margin > 0:
                found.append(PreferencePair(prompt, chosen, rejected, margin))
        pairs += sorted(found, key=lambda pair: -pair.margin_n)[:per_prompt]
    return pairs


def write_pairs(
    folder: Path, motions: Sequence[Motion], judgements: Sequence[Judgement], pairs: Sequence[PreferencePair]
) -> None:
    """Write pairs in the form that training code reads.

        pairs.jsonl            a line a pair: prompt, chosen, rejected (names of motions), and their numbers
        joints/NAME.npy        (frames, 22, 3) joint positions at 20 frames a second [m]
        new_joint_vecs/NAME.npy    (frames - 1, 263) HumanML3D's features of the same motion
        texts/NAME.txt         its prompt, as HumanML3D has it

    Only motions of pairs are written. `pairs.jsonl` comes last, so that its presence means that all is there.

    Args:
        folder: a new or empty folder.
        motions: with distinct names.
        judgements: of the motions.
        pairs: of the motions, by their places.

    Raises:
        InvalidInput: the folder holds files, or a motion is too short to have features.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput.of("--out", f"is {folder}, which exists; must be a new or empty folder")
    for name in ("joints", "new_joint_vecs", "texts"):
        (folder / name).mkdir(parents=True)
    prompts = {place: pair.prompt for pair in pairs for place in (pair.chosen, pair.rejected)}
    for place, prompt in prompts.items():
        motion = resample_motion(motions[place], FEATURES_FPS)
        name = str(motion.name)
        _save(folder / "joints" / f"{name}.npy", motion.positions.astype(np.float32))
        _save(folder / "new_joint_vecs" / f"{name}.npy", positions_to_features(motion.positions))
        words = prompt.replace("#", " ")
        (folder / "texts" / f"{name}.txt").write_text(f"{words}##0.0#0.0\n", encoding="utf-8")
    lines = [json.dumps(_document(pair, motions, judgements), ensure_ascii=False) for pair in pairs]
    with atomic_path(folder / "pairs.jsonl") as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _document(pair: PreferencePair, motions: Sequence[Motion], judgements: Sequence[Judgement]) -> dict[str, Any]:
    sides = {}
    for side, place in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        judgement = judgements[place]
        sides |= {f"{side}_force_n": round(judgement.force_n, 3), f"{side}_failed": judgement.failed}
    margin = None if math.isinf(pair.margin_n) else round(pair.margin_n, 3)
    names = {"chosen": motions[pair.chosen].name, "rejected": motions[pair.rejected].name}
    return {"prompt": pair.prompt, **names, **sides, "margin_n": margin}


def _save(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
