"""A page of scored motions: where each of them misses force, and why, those that miss most first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from motion.motion import Motion
from motion.score import Score
from motion.shell.atomic import atomic_path
from motion.viewing.correction_page import MAX_SCENES
from motion.viewing.html_player import Figure, Scene, page_html

_RANKED_BY = "missing force, N"


def score_scene(motion: Motion, score: Score) -> Scene:
    """Return a scene of a motion with its missing force as a curve, its score in numbers, and the reasons.

    Args:
        motion: the motion.
        score: of that motion.
    """
    numbers = {
        _RANKED_BY: score.force_n_mean,
        "missing force, % of the weight": 100 * score.force_share_mean,
        "missing force at the 90th percentile, N": score.force_n_p90,
        "missing torque, N m": score.torque_nm_mean,
        "frames that are carried, %": 100 * score.carried_share,
    }
    remark = " ".join(reason[0].upper() + reason[1:].rstrip(".") + "." for reason in score.reasons if reason)
    figure = Figure(motion.name or "motion", motion.positions, motion.fps, score=score)
    return Scene((figure,), motion.name or "", motion.caption or "", remark=remark, numbers=numbers)


def write_score_page(path: Path, motions: Sequence[Motion], scores: Sequence[Score], title: str) -> str:
    """Write a page that ranks motions by their score, atomically.

    Args:
        path: of the page.
        motions: at least one.
        scores: of these motions, in the same order. Of more than `MAX_SCENES` those are left out that miss least.
        title: of the page.

    Returns:
        A sentence that says what was written, and how many motions are not on the page.
    """
    ranked = sorted(range(len(motions)), key=lambda i: -scores[i].force_n_mean)
    kept = ranked[:MAX_SCENES]
    page = page_html([score_scene(motions[i], scores[i]) for i in kept], title, sort=_RANKED_BY)
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    shown = f"{len(kept)} motion{'' if len(kept) == 1 else 's'}, ranked by missing force, written to {path}"
    left_out = len(motions) - len(kept)
    return shown + (f"; {left_out} more would make it too large and are not shown" if left_out else "")
