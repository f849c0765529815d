"""The command `demo`: what correction does to sampled motions, and to a model that is trained on its own output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loop_client.commands.runs import RUNS, final_metrics, resumable
from loop_client.commands.services import Address
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import DONE, log, progress_bar

if TYPE_CHECKING:
    from motion.protocols import Corrector, Generator

_PROMPTS = (
    "a person walks forward",
    "a person runs in a circle",
    "a person jumps up",
    "someone waves with the right hand",
    "a person turns around",
    "a person kicks",
    "a person walks backwards",
    "a person squats",
)
_FRAMES = 120
_STEPS = 10  # denoising steps, as in the recipe
_SEED = 0
_SEEDS_AT_ONCE = 2  # while one trains, the other samples or corrects


@dataclass(frozen=True)
class Demo(ClientFlags):
    """Show what correction does, in about five minutes on two cores.

    First, sample motions from the model that ships, correct them, and write a page that shows both. Then train the
    model on nothing but its own output for three generations, once as it is and once corrected, and write a report.
    The simulation server and the generator are started as services and stopped at the end. A demo that was
    interrupted is resumed.
    """

    out: Path = RUNS / "demo"
    """Folder of the demo."""
    sim: Address = None
    """Address of the simulation server; by default one is started."""
    generator: Address = None
    """Address of the generator; by default one is started."""

    def run(self) -> int:
        """Run the command and return its exit status."""
        from loop_client.reports.conclusion import run_conclusion
        from loop_client.reports.results import Results
        from loop_client.reports.run_report import write_report
        from loop_client.runs.launch import Services, open_services
        from loop_client.runs.loop import run_loop
        from loop_client.runs.motion_run import start_run
        from loop_client.runs.run_recipe import load_recipe

        log("This takes about five minutes on two cores: samples and their corrections, then a short loop.")
        services = Services(self.sim, self.generator, self.client_security())
        services.check()
        recipe = load_recipe("demo")
        again = ["plumb-loop", "demo", "--out", str(self.out), *self.security_words()]
        store, data = start_run(recipe, self.out, resume=(self.out / "recipe.toml").is_file())
        with (
            resumable(self.out, self.sim, self.generator, again),
            open_services(services, self.out) as (generator, corrector),
        ):
            page = self.out / "samples.html"
            log(f"Correcting {len(_PROMPTS)} samples of the model that ships.")
            log(f"{_correct_samples(generator, corrector, page)}\nopen {page} (it can be looked at already)")
            log("Training the model on its own output, uncorrected (iterative) and corrected.")
            run_loop(store, data, generator, corrector, seeds_at_once=_SEEDS_AT_ONCE)
        log(f"{final_metrics(store)}\n{run_conclusion(Results.of(store), recipe)}")
        print(f"open {page}\nopen {write_report(store)}")
        return DONE


def _correct_samples(generator: Generator, corrector: Corrector, page: Path) -> str:
    """Sample, correct, and write the page; return the sentence that concludes it."""
    from loop_client.reports.samples_page import write_samples_page
    from motion.protocols import CorrectionOptions, SampleOptions

    motions = list(generator.sample(_PROMPTS, [_FRAMES] * len(_PROMPTS), _SEED, SampleOptions(steps=_STEPS)))
    with progress_bar("motions", "correcting") as progress:
        corrections = corrector.correct(motions, _SEED, CorrectionOptions(), progress)
    return write_samples_page(
        page, "Samples of the model that ships, before and after correction", motions, corrections
    )
