"""What the live page of a run shows: progress, curves as they grow, and the newest motions before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from loop_client.reports.arm_colors import UNCORRECTED_COLOR, arm_colors
from loop_client.reports.conclusion import run_conclusion
from loop_client.reports.measure_definitions import DEFINITIONS
from loop_client.reports.results import Results, value_at
from loop_client.reports.run_progress import RunProgress, all_stages, run_progress
from loop_client.reports.run_report import run_curves
from loop_client.reports.scenes import correction_scenes
from loop_client.runs.run_store import RunStore
from loop_client.runs.sample_batch import CORRECTED, has_sample_batch
from motion.viewing.html_player import page_html
from motion.viewing.live_server import progress_html
from motion.viewing.page_elements import definitions, paragraph, section, table


class RunView:
    """What the live page of a run shows.

    Args:
        store: the run, which may be under way.
    """

    def __init__(self, store: RunStore):
        self._store = store
        self._colors = arm_colors(arm.name for arm in store.recipe.arms)
        self._curves: tuple[int, dict[str, str]] = (-1, {})
        self._motions: tuple[str, str] | None = None

    @property
    def title(self) -> str:
        """The title of the page."""
        return self._store.recipe.title or self._store.recipe.name

    def parts(self) -> Mapping[str, str]:
        """Return the parts of the page as they are now."""
        return {**progress_parts(run_progress(self._store)), **self._results(), "times": self._times()}

    def motions(self) -> tuple[str, str] | None:
        """Return the newest corrections: the folder that they are in, and a page of them."""
        newest = self._newest_corrections()
        if newest is not None and (self._motions is None or self._motions[0] != newest[0]):
            name, folder, arm = newest
            scenes = correction_scenes(folder, self._colors.get(arm, UNCORRECTED_COLOR))
            if scenes:
                self._motions = name, page_html(scenes, name, height=360)
        return self._motions

    def _results(self) -> dict[str, str]:
        """Return the conclusion and the charts, made anew when a generation was added."""
        count = len(self._store.metrics())
        if count != self._curves[0]:
            results = Results.of(self._store)
            parts = {}
            if results.seeds_at(0):
                parts = {
                    "conclusion": paragraph(run_conclusion(results, self._store.recipe), "lead"),
                    "curves": run_curves(results),
                    "definitions": definitions(DEFINITIONS),
                }
            self._curves = count, parts
        return self._curves[1]

    def _times(self) -> str:
        """Return the table of what each stage took, and how many motions it made a second."""
        lines = self._store.timings()
        if not lines:
            return ""
        made = {(m["seed"], m["arm"], m["generation"]): value_at(m, "synthetic.asked") for m in self._store.metrics()}
        seconds: defaultdict[str, list[float]] = defaultdict(list)
        rates: defaultdict[str, list[float]] = defaultdict(list)
        for line in lines:
            seconds[line["stage"]].append(line["seconds"])
            count = made.get((line["seed"], line["arm"], line["generation"]))
            if line["stage"] == "sampling":
                count = self._store.recipe.evaluation.samples
            if line["stage"] in ("synthesizing", "sampling") and count and line["seconds"] > 0:
                rates[line["stage"]].append(count / line["seconds"])
        rows = [
            [stage, str(len(each)), f"{each[-1]:.1f}", f"{sum(each) / len(each):.1f}",
             f"{sum(rates[stage]) / len(rates[stage]):.2f}" if rates[stage] else "–"]
            for stage, each in seconds.items()
        ]  # fmt: skip
        return section("Throughput", table(["stage", "times", "last, s", "mean, s", "motions/s"], rows))

    def _newest_corrections(self) -> tuple[str, Path, str] | None:
        """Return the name, the folder and the arm of the batch of corrections that was written last."""
        found = []
        for stage in all_stages(self._store):
            arm = stage.paths.arm
            folder = stage.result.parent
            if stage.name == "synthesizing" and arm and has_sample_batch(folder):
                arrays = folder / f"{CORRECTED}.npz"
                if arrays.exists():
                    found.append((arrays.stat().st_mtime, f"{stage.paths} · before and after", folder, arm.name))
        return max(found)[1:] if found else None


def progress_parts(progress: RunProgress) -> dict[str, str]:
    """Return the bars of a run: all stages, and the one that is under way."""
    left = "" if progress.seconds_left is None else f", about {_duration(progress.seconds_left)} to go"
    share = (progress.done + (progress.share or 0.0)) / progress.total
    parts = {"run": progress_html("Run", share, f"{progress.done} of {progress.total} stages{left}")}
    if progress.current is None:
        return parts | {"stage": paragraph("The run is complete.", "note")}
    title = f"{progress.current.paths} · {progress.current.name}"
    if not progress.running:
        return parts | {"stage": paragraph(f"Nobody runs it now. Next: {title}.", "note")}
    if progress.share is None:
        return parts | {"stage": paragraph(f"{title}.", "note")}
    return parts | {"stage": progress_html(title, progress.share, "by the time that it took before")}


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"
