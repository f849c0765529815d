"""`plumb-sim correct`: correct motions from files."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from motion.errors import PlumbError
from motion.protocols import DEFAULT_EFFORT, CorrectionOptions, Corrector
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, progress_bar
from motion.shell.reading_flags import ReadingFlags
from sim_server.commands.corpus_files import correct_into_shards
from sim_server.commands.correctors import open_corrector, open_scorer, parse_assist, parse_effort
from sim_server.commands.trace_files import TracingCorrector, check_trace_path


@dataclass(frozen=True)
class Correct(ReadingFlags, ClientFlags):
    """Correct motions and write them with a report of each.

    The exit status is 1 if a motion failed (it is written too, marked FAILED), or if an input or a member of a set
    could not be used, or a trace was asked for and not made; a motion that was carried, marked ASSISTED, counts as
    completed.
    """

    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions (.bvh, .fbx, .glb, .amc, .npy, .npz), packed sets or folders."""
    out: Path
    """Output path: for one input a file or set, without a suffix in the format of IN; for several inputs a folder;
    "DIR/*.{bvh,glb}" writes files for each motion."""
    overwrite: bool = False
    """Allow the output to replace an input."""
    rig: Annotated[Path | None, arg(metavar="FILE.bvh")] = None
    """Write the .bvh on the skeleton of this file instead of that of IN."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Correct on this server instead of in this process."""
    priority: Annotated[int, arg(metavar="N")] = 0
    """With --server: order of these motions among your own that wait there, from -100 to 100; higher come first."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """Name or folder of the policy; by default the corrector's own."""
    assist: Annotated[str, arg(metavar="auto|none|NEWTONS")] = "auto"
    """Limit of the assist, the external force on the root: raised only where a motion would fall, none, or fixed."""
    max_assist: Annotated[float | None, arg(metavar="NEWTONS")] = None
    """Mark a motion as FAILED that needs more assist than this on average."""
    in_place: bool = False
    """Keep the input's path over the floor, as on a treadmill, where the correction would make the body travel."""
    effort: Annotated[str, arg(metavar="kinematic|fast|standard|thorough")] = DEFAULT_EFFORT
    """How much computing a motion may take. The numbers of older versions are accepted: 1 standard, 2-4 thorough."""
    trace: Annotated[Path | None, arg(metavar="PATH")] = None
    """Write what the body did in each step: contacts, forces, controls. FILE.npz for one motion, a folder for more."""
    view: Annotated[Path | None, arg(metavar="PAGE.html")] = None
    """Write a page that shows the motions before and after in any browser, with forces, curves and numbers."""
    always_simulate: bool = False
    """Return the simulated motion even where the input is feasible as it is, or physically as good."""
    seed: int = 0
    """Seed of the correction."""
    json: bool = False
    """Also print one JSON document with all reports to stdout."""
    ray: Annotated[str | None, arg(metavar="local|auto|HOST:PORT")] = None
    """Correct on a Ray cluster: one of this machine alone, the one that it belongs to, or another one. The output is
    then a folder of packed sets, and the same command goes on where it ended."""
    shard_size: Annotated[int | None, arg(metavar="N")] = None
    """Write such a folder of packed sets, N motions each (with --ray 64), also without Ray."""
    threads: int = 0
    """Threads of the physics (0: one per usable core); ignored with --server, --ray and --workers."""
    workers: int = 0
    """Correct in this number of processes, which are replaced when they die (0: in this process)."""

    def run(self) -> int:
        """Execute the command and return its exit status."""
        from motion.summary import summarize
        from motion.viewing.correction_page import RecordingCorrector, check_page_path, write_correction_page
        from sim_server.correction_table import LEGEND, correction_remarks, correction_table
        from sim_server.file_correction import correct_files

        policy, assist = self.policy if self.server else "", parse_assist(self.assist)
        options = CorrectionOptions(policy, assist, parse_effort(self.effort), self.max_assist, self.in_place)
        options = replace(options, always_simulate=self.always_simulate)
        if self.ray is not None or self.shard_size is not None:
            return correct_into_shards(self, options)
        tracing: list[TracingCorrector] = []
        recording: list[RecordingCorrector] = []
        if self.view:
            check_page_path(self.view)
        if self.trace:
            check_trace_path(self.trace, self.inputs, self.out)
        with ExitStack() as stack, progress_bar("motions") as progress:

            def opened() -> Corrector:
                corrector: Corrector = stack.enter_context(
                    open_corrector(self.server, self.policy, self.threads, self, self.workers, self.priority)
                )
                if self.view is not None:
                    recording.append(corrector := RecordingCorrector(corrector))
                if self.trace is None:
                    return corrector
                tracing.append(TracingCorrector(corrector, self.trace))
                return tracing[-1]

            try:
                corrected = correct_files(
                    self.inputs,
                    self.out,
                    opened,
                    self.seed,
                    options,
                    progress,
                    self.overwrite,
                    self.rig,
                    self.read_options(),
                )
            except PlumbError as error:
                for note in getattr(error, "__notes__", ()):
                    log(f"plumb-sim: {note}")
                raise
        summary = summarize(corrected.reports)
        log(correction_table(corrected.ids, corrected.frames, corrected.reports))
        log(LEGEND)
        for remark in correction_remarks(corrected.ids, corrected.reports):
            log(remark)
        for note in corrected.notes:
            log(f"plumb-sim: {note}")
        log(f"written to {', '.join(map(str, corrected.written))}")
        for each in tracing:
            log(each.describe_files())
        if self.view is not None:
            pairs = [pair for each in recording for pair in each.pairs]
            title = ", ".join(path.name for path in self.inputs)
            with open_scorer(self.server, self) as scorer:
                log(write_correction_page(self.view, pairs, title, scorer))
        if self.json:
            # `left_out` in the summary is the older name of the notes.
            summary |= {"left_out": list(corrected.notes)}
            document = {"reports": corrected.documents(), "summary": summary, "notes": list(corrected.notes)}
            print(json.dumps(document, indent=1))
        incomplete = summary["failed"] or corrected.unreadable or any(each.without_trace for each in tracing)
        return DONE_WITH_FAILURES if incomplete else DONE
