"""`plumb-sim pairs`: make preference pairs of motions for the same prompts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import DEFAULT_EFFORT, CorrectionOptions
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, progress_bar
from motion.shell.reading_flags import ReadingFlags
from sim_server.commands.correctors import open_corrector, open_scorer, parse_effort, read_clean_motions

if TYPE_CHECKING:
    from sim_server.preference_pairs import Judgement


@dataclass(frozen=True)
class Pairs(ReadingFlags, ClientFlags):
    """Make preference pairs: of two motions for the same prompt, the one that a body can rather do wins.

    The output is a folder with pairs.jsonl (prompt, chosen, rejected) and the motions as joint positions and as
    HumanML3D's features, which is what training by DPO reads. Motions of all inputs with equal captions are compared.
    """

    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions with captions, several for each prompt: packed sets or HumanML3D folders."""
    out: Path
    """Folder to write, new or empty."""
    by: Literal["score", "correction"] = "score"
    """Prefer the motion that misses less force as it is, which takes milliseconds, or whose simulation needs less
    assist, which takes seconds."""
    margin: Annotated[float, arg(metavar="NEWTONS")] = 10.0
    """Least difference of the force."""
    per_prompt: int = 1
    """Most pairs for one prompt: those that are farthest apart."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Judge on this server instead of in this process."""
    effort: Annotated[str, arg(metavar="kinematic|fast|standard|thorough")] = DEFAULT_EFFORT
    """How much computing a correction may take, with --by correction."""
    seed: int = 0
    """Seed of the corrections."""
    threads: int = 0
    """Threads of the physics (0: one per usable core); ignored with --server."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from sim_server.preference_pairs import preference_pairs, write_pairs

        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise InvalidInput.of("--margin", f"is {self.margin}; must be a finite number of newtons, 0 or more")
        if self.per_prompt < 1:
            raise InvalidInput.of("--per-prompt", f"is {self.per_prompt}; must be at least 1")
        effort = parse_effort(self.effort)
        if self.by == "correction" and effort == "kinematic":
            raise InvalidInput.of(
                "--effort", "is kinematic, which simulates nothing; use --by score, or another effort"
            )
        motions, prompts = self._read()
        judgements = self._judge(motions, CorrectionOptions(effort=effort, always_simulate=True))
        pairs = preference_pairs(prompts, judgements, self.margin, self.per_prompt)
        if not pairs:
            raise InvalidInput.of(
                "--margin", f"is {self.margin:g}; no two motions of one prompt are so far apart: use a smaller one"
            )
        write_pairs(self.out, motions, judgements, pairs)
        paired = len({pair.prompt for pair in pairs})
        made = f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'}"
        print(f"{made} of {paired} of {len(set(prompts))} prompts written to {self.out}")
        return DONE

    def _read(self) -> tuple[list[Motion], list[str]]:
        """Read the motions that have a caption, under distinct names."""
        motions: list[Motion] = []
        prompts: list[str] = []
        for index, path in enumerate(self.inputs):
            source = read_clean_motions(path, self.read_options())
            for motion, texts in zip(source.motions.motions, source.motions.captions, strict=True):
                if texts and texts[0].strip():
                    prefix = f"{index}-" if len(self.inputs) > 1 else ""
                    name = "".join(c if c.isalnum() or c in "-_.@" else "_" for c in f"{prefix}{motion.name}")
                    motions.append(replace(motion, name=name))
                    prompts.append(texts[0].strip())
        if len(set(prompts)) == len(prompts):
            raise InvalidInput.of("IN", "holds no prompt with two motions; a pair needs two motions for one caption")
        if len({motion.name for motion in motions}) < len(motions):
            raise InvalidInput.of(
                "IN", "holds motions whose names are the same but for special characters; rename them"
            )
        return motions, prompts

    def _judge(self, motions: Sequence[Motion], options: CorrectionOptions) -> list[Judgement]:
        from sim_server.preference_pairs import Judgement

        if self.by == "score":
            with open_scorer(self.server, self) as scorer, progress_bar("motions", "scoring") as progress:
                return [Judgement.of_score(score) for score in scorer.score(motions, progress)]
        with (
            open_corrector(self.server, "", self.threads, self) as corrector,
            progress_bar("motions", "correcting") as progress,
        ):
            corrections = corrector.correct(motions, self.seed, options, progress)
        return [Judgement.of_correction(correction) for correction in corrections]
