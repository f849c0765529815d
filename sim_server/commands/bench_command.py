"""`plumb-sim bench`: measure the speed of the corrector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from motion.shell.command import DONE
from motion.shell.tables import text_table
from sim_server.commands.correctors import read_clean_motions

_SYNTHESIZED = 64


@dataclass(frozen=True)
class Bench:
    """Measure corrected frames per core second, and their ratio to bare physics of the same bodies."""

    data: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATA...")] = ()
    """Motions to correct: packed sets or single motions; by default synthesized ones."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """Name or folder of the policy; by default the one that ships."""
    slots: int = 32
    """Number of motions that are simulated at once."""
    rounds: int = 3
    """Number of rounds, of which the fastest counts."""
    threads: Annotated[tuple[int, ...], arg(metavar="N...")] = ()
    """Also measure the engine with these numbers of threads."""
    busy: Annotated[int, arg(metavar="N")] = 0
    """Measure --threads once more beside this number of processes that compute all the time."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from sim_server.evaluation.bench import bench

        if self.data:
            motions = [motion for path in self.data for motion in read_clean_motions(path).motions]
        else:
            from motion.synthesis import synthesize

            motions = synthesize(count=_SYNTHESIZED, seed=0).motions
        result = bench(motions, self.policy, self.slots, self.rounds, threads=self.threads, busy=self.busy)
        print(json.dumps(result, indent=1) if self.json else _table(result))
        return DONE


def _table(values: Mapping[str, Any]) -> str:
    """Format one value per line; those of a group under its name, with a dot."""
    rows = []
    for name, value in values.items():
        if name == "conditions":
            for each in value:
                title = f"{each['threads']} threads, {each['busy']} busy processes"
                rows.append((f"{title}: ratio", f"{each['ratio']:,.4g}"))
                rows.append((f"{title}: frames/s", f"{each['per_second']:,.4g}"))
            continue
        group = value if isinstance(value, Mapping) else {"": value}
        for key, inner in group.items():
            title = f"{name}.{key}".rstrip(".")
            rows.append((title, f"{inner:,.4g}" if isinstance(inner, float) else str(inner)))
    return text_table(("measured", "value"), rows)
