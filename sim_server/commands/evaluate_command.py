"""`plumb-sim evaluate`: evaluate policies on corrupted clean motions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg

from motion.errors import InvalidInput
from motion.protocols import DEFAULT_EFFORT, Assist, CorrectionOptions
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, progress_bar
from motion.shell.reading_flags import ReadingFlags
from sim_server.commands.correctors import open_corrector, parse_assist, parse_effort, read_clean_motions


@dataclass(frozen=True)
class Evaluate(ReadingFlags, ClientFlags):
    """Corrupt clean motions, correct them, and report the error against the originals.

    Several inputs, and flags that are given several times, make a table of all combinations. The exit status is 1 if a
    motion failed or could not be used.
    """

    data: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATA...")]
    """Clean motions: packed sets or single motions."""
    corrupt: UseAppendAction[tuple[Literal["clean", "sink", "float", "drift", "jitter", "all"], ...]] = ()
    """Kind of corruption; by default clean, which is none."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Correct on this server instead of in this process."""
    policy: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME")]] = ()
    """Name or folder of the policy; by default the corrector's own."""
    assist: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="auto|none|NEWTONS")]] = ()
    """Limit of the assist, the external force on the root; by default auto."""
    effort: Annotated[str, arg(metavar="kinematic|fast|standard|thorough")] = DEFAULT_EFFORT
    """How much computing a motion may take. The numbers of older versions are accepted: 1 standard, 2-4 thorough."""
    seed: int = 0
    """Seed of the corruption and the correction."""
    json: bool = False
    """Print JSON instead of a table: one row, or {"rows": [...]} for several."""
    card: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Write the results of the policy in this folder into its card; the policy must be among those evaluated."""
    page: Annotated[Path | None, arg(metavar="PAGE.html")] = None
    """Write a page with the results, their intervals, and the worst, median and best motion of each row."""
    threads: int = 0
    """Threads of the physics (0: one per usable core); ignored with --server."""
    always_simulate: bool = False
    """Measure the simulated motions also where the input would come back: feasible, or physically as good."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.viewing.correction_page import RecordingCorrector, check_page_path
        from sim_server.evaluation.evaluate import evaluate, evaluation_table
        from sim_server.evaluation.evaluation_page import EvaluatedRow, write_evaluation_page
        from sim_server.policies.policy_folder import add_scores, read_policy

        policies = self.policy or ("",)
        # Everything that can be refused is refused before the work.
        if self.page:
            check_page_path(self.page, "--page")
        card_name = read_policy(self.card).name if self.card else ""
        carded = [policy for policy in policies if self._is_carded(policy, card_name)]
        if self.card and not carded:
            raise InvalidInput.of("--card", f"is the card of {card_name}, which is not evaluated; add it by --policy")
        effort = parse_effort(self.effort)
        limits: dict[str, Assist] = {text: parse_assist(text) for text in self.assist or ("auto",)}
        if not self.data:
            raise InvalidInput.of("DATA", "names no file; must be at least one")
        sets = {path: read_clean_motions(path, self.read_options()) for path in self.data}
        rows: list[dict[str, Any]] = []
        evaluated: list[EvaluatedRow] = []
        scores: list[dict[str, Any]] = []
        for policy in policies:
            with open_corrector(self.server, policy, self.threads, self) as corrector:
                for (path, source), kind, limit in product(sets.items(), self.corrupt or ("clean",), limits):
                    options = CorrectionOptions(
                        policy if self.server else "",
                        limits[limit],
                        always_simulate=self.always_simulate,
                        effort=effort,
                    )
                    with progress_bar("motions", f"{path.stem} {kind}") as progress:
                        recording = RecordingCorrector(corrector)
                        used = recording if self.page else corrector
                        result = evaluate(used, source.motions.motions, kind, self.seed, options, progress)
                    row = {"set": path.stem, "assist": limit, "effort": effort, **result}
                    rows.append(row)
                    if self.page:
                        given, corrections = zip(*recording.pairs, strict=True)
                        evaluated.append(EvaluatedRow(row, given, corrections))
                    if policy in carded and row["policy"] == card_name:
                        scores.append(row)
        if self.card:
            add_scores(self.card, scores)
            log(f"{len(scores)} of {len(rows)} rows are of {card_name} and were written into its card")
        if self.page:
            write_evaluation_page(self.page, evaluated)
            log(f"open {self.page}")
        if self.json:
            notes = [note for each in sets.values() for note in each.named_notes()]
            document = rows[0] if len(rows) == 1 else {"rows": rows}
            print(json.dumps(document | ({"notes": notes} if notes else {}), indent=1))
        else:
            print(evaluation_table(rows))
        complete = all(row["completed_share"] == 1.0 for row in rows)
        return DONE if complete and not any(each.unreadable for each in sets.values()) else DONE_WITH_FAILURES

    def _is_carded(self, policy: str, card_name: str) -> bool:
        """Return whether an evaluated policy may be the one of the card."""
        from sim_server.policies.policy_store import load_policy, policy_names

        if self.card is None:
            return False
        if self.server is not None:
            return policy in ("", card_name)  # whether the server's default is the one shows in its reports
        if policy in ("", *policy_names()) or not Path(policy).is_dir():
            return load_policy(policy).name == card_name
        return Path(policy).samefile(self.card)
