"""`plumb-sim`: correct motions, serve the corrector, evaluate it, and measure its speed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg, subcommand

from motion.errors import InvalidInput
from motion.formats.files import read_file
from motion.motion import Motion
from motion.protocols import CorrectionOptions, Corrector
from motion.rpc.corrector_client import RemoteCorrector
from motion.shell.command import DONE, DONE_WITH_FAILURES, progress_bar, run_commands
from motion.summary import summarize, table
from motion.validation import each_checked
from sim_server.file_correction import correct_files

# Each command imports what it alone needs when it runs, for the sake of `--help`.

_BENCH_MOTIONS = 64


@dataclass(frozen=True)
class Correct:
    """Correct motions.

    Exit status 1 if one of them failed (it is written all the same, and marked FAILED), or a member of a folder could
    not be read.
    """

    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="IN...")]
    """Motions (.bvh .npy .npz), packed sets, HumanML3D folders."""
    out: Path
    """Where to. One input: a file or set like it. Several: a folder."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Let this server do it."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """Which policy; by default the corrector's own choice."""
    assist: Annotated[str, arg(metavar="auto|none|NEWTONS")] = "auto"
    """Limit of the force on the root: raised only where a motion would fall, none at all, or so many newtons."""
    effort: Annotated[int, arg(metavar="1-4")] = 1
    """Ways of correcting each motion that are tried; the best is kept."""
    seed: int = 0
    json: bool = False
    """Also print one JSON document, with all reports, on standard output."""
    threads: int = 0
    """Threads of the physics, without --server; 0 for one per core."""

    def run(self) -> int:
        options = CorrectionOptions(self.policy if self.server else "", _assist(self.assist), self.effort)
        with ExitStack() as stack, progress_bar("motions") as progress:

            def open_corrector() -> Corrector:
                return stack.enter_context(_opened(self.server, self.policy, self.threads))

            corrected = correct_files(self.inputs, self.out, open_corrector, self.seed, options, progress)
        summary = summarize(corrected.reports)
        _say(table(corrected.ids, corrected.frames, corrected.reports))
        for note in corrected.notes:
            _say(note)
        _say(f"written to {', '.join(map(str, corrected.written))}")
        if self.json:
            summary |= {"left_out": list(corrected.notes)}
            print(json.dumps({"reports": corrected.documents(), "summary": summary}, indent=1))
        return DONE_WITH_FAILURES if summary["failed"] or corrected.unreadable else DONE


@dataclass(frozen=True)
class Serve:
    """Serve the corrector over gRPC until SIGTERM; motions that are under way then are finished."""

    listen: Annotated[str, arg(metavar="HOST:PORT")] = "127.0.0.1:50051"
    """Port 0 takes a free one; which, is printed on standard error."""
    announce: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the address to this file once the server answers."""
    threads: int = 0
    """Threads of the physics; 0 for one per core."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    """The policy of requests that name none."""
    metrics_port: int | None = None
    """Serve Prometheus metrics on this port of the same host."""
    drain: float = 0.2
    """Seconds after SIGTERM in which calls are still taken, for load balancers to see that there will be no more."""
    grace: float = 30.0
    """Seconds that motions under way then have to end in."""

    def run(self) -> int:
        from sim_server.corrector import Corrector as PhysicsCorrector
        from sim_server.service import serve

        with PhysicsCorrector(self.policy, threads=self.threads) as corrector:
            serve(corrector, self.listen, self.announce, self.metrics_port, self.grace, self.drain)
        return DONE


@dataclass(frozen=True)
class Evaluate:
    """Correct clean motions that were spoilt on purpose, and measure what comes back against what they were.

    Flags that are given several times, and several inputs, make a table of all their combinations.
    """

    data: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATA...")]
    """Clean motions: packed sets, or single motions."""
    corrupt: UseAppendAction[tuple[Literal["clean", "sink", "float", "drift", "jitter", "all"], ...]] = ()
    """How they are spoilt first; by default not at all."""
    server: Annotated[str | None, arg(metavar="HOST:PORT")] = None
    """Let this server correct."""
    policy: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME")]] = ()
    """Name or folder of a policy; by default the corrector's own choice."""
    assist: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="auto|none|NEWTONS")]] = ()
    """By default auto."""
    effort: Annotated[int, arg(metavar="1-4")] = 1
    """Ways of correcting each motion that are tried; the best is kept."""
    seed: int = 0
    json: bool = False
    """Print JSON instead of a table: a row, or where there are several {"rows": [...]}."""
    card: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Also write the rows into the card of the policy in this folder."""
    threads: int = 0
    """Threads of the physics, without --server; 0 for one per core."""

    def run(self) -> int:
        from sim_server.evaluation.evaluate import evaluate
        from sim_server.evaluation.evaluate import table as evaluation_table
        from sim_server.policies.learned_policy import add_scores, read_policy

        if self.card:
            read_policy(self.card)  # before the work, not after
        limits = {text: _assist(text) for text in self.assist or ("auto",)}
        sets = {path: _clean(path) for path in self.data}
        for path, motions in sets.items():
            if not motions:
                raise InvalidInput.of(str(path), "holds no motions; must hold at least one")
        if not sets:
            raise InvalidInput.of("DATA", "names no file; must be at least one")
        rows = []
        for policy in self.policy or ("",):
            with _opened(self.server, policy, self.threads) as corrector:
                for (path, motions), kind, limit in product(sets.items(), self.corrupt or ("clean",), limits):
                    options = CorrectionOptions(policy if self.server else "", limits[limit], self.effort)
                    with progress_bar("motions", f"{path.stem} {kind}") as progress:
                        row = evaluate(corrector, motions, kind, self.seed, options, progress)
                    rows.append({"set": path.stem, "assist": limit, "effort": self.effort, **row})
        if self.card:
            add_scores(self.card, rows)
        if self.json:
            print(json.dumps(rows[0] if len(rows) == 1 else {"rows": rows}, indent=1))
        else:
            print(evaluation_table(rows))
        return DONE if all(row["completed_share"] == 1.0 for row in rows) else DONE_WITH_FAILURES


@dataclass(frozen=True)
class Bench:
    """Measure corrected frames per core second, beside bare physics of the same bodies."""

    data: Annotated[Path | None, arg(metavar="DATA")] = None
    """Motions to correct; by default some that are made for it."""
    policy: Annotated[str, arg(metavar="NAME")] = ""
    slots: int = 32
    """Motions simulated at once."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def run(self) -> int:
        from sim_server.evaluation.bench import bench

        if self.data:
            motions = _clean(self.data)
        else:
            from motion.synthesis import synthesize

            motions = synthesize(count=_BENCH_MOTIONS, seed=0).motions
        result = bench(motions, self.policy, self.slots)
        print(json.dumps(result, indent=1) if self.json else _lines(result))
        return DONE


@dataclass(frozen=True)
class Train:
    """Train an imitation policy by a recipe; a run that is interrupted goes on by --resume."""

    recipe: Positional[str]
    """The name of a recipe, or the path of a file that ends in .toml."""
    out: Path | None = None
    """The run's folder; by default runs/train-NAME."""
    resume: bool = False
    """Go on with the run that is in the folder."""
    workers: int = 0
    """Processes that simulate; 0 for one per usable core."""

    def run(self) -> int:
        from sim_server.learning.training_recipe import load_recipe
        from sim_server.learning.training_run import train

        recipe = load_recipe(self.recipe)
        folder = self.out or Path("runs") / f"train-{recipe.name}"
        if self.workers < 0:
            raise InvalidInput.of("--workers", f"is {self.workers}; must not be negative")
        workers = self.workers or len(os.sched_getaffinity(0))
        with progress_bar("motions", "preparing") as preparing:
            policy = train(recipe, folder, self.resume, workers, preparing, _tell)
        print(policy)
        return DONE


@dataclass(frozen=True)
class Convert:
    """Make a policy folder of a model that Stable-Baselines3 saved, trained on Plumb's environment."""

    model: Annotated[Positional[Path], arg(metavar="ZIP")]
    out: Path
    """The policy's folder."""
    name: str = ""
    """Of the policy; by default the folder's."""

    def run(self) -> int:
        from sim_server.learning.conversion import convert_sb3

        print(convert_sb3(self.model, self.out, self.name or self.out.name))
        return DONE


def _tell(line: dict[str, Any]) -> None:
    print(
        f"{line['steps']:>11,} steps  failed {100 * line['failed']:3.0f} %  force {line['force']:4.0f} N  "
        f"distance {1e3 * line['distance']:3.0f} mm  reward {line['r'] / line['l']:.3f}  "
        f"{line['steps_per_second']:.0f} steps/s",
        file=sys.stderr,
    )


Command = (
    Annotated[Correct, subcommand("correct")]
    | Annotated[Serve, subcommand("serve")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Convert, subcommand("convert")]
    | Annotated[Evaluate, subcommand("evaluate")]
    | Annotated[Bench, subcommand("bench")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `plumb-sim` with `arguments` (by default those of the process), and exit."""
    run_commands(Command, "plumb-sim", __doc__, arguments)


def _clean(path: Path) -> Sequence[Motion]:
    """The motions at `path`, checked; what of them was left out is said."""
    from sim_server.correction import correctable

    source = read_file(path)
    for note in source.notes:
        _say(note)
    return list(each_checked(source.motions, correctable, str(path)))


def _assist(text: str) -> str | float:
    if text in ("auto", "none"):
        return text
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput.of("--assist", f"is {text!r}; must be auto, none or a number of newtons") from error


@contextmanager
def _opened(server: str | None, policy: str, threads: int) -> Iterator[Corrector]:
    """The corrector at the address `server`, or where there is none one in this process."""
    if server is not None:
        with RemoteCorrector(server) as remote:
            yield remote
    else:
        from sim_server.corrector import Corrector as PhysicsCorrector

        with PhysicsCorrector(policy, threads=threads) as local:
            yield local


def _lines(values: Mapping[str, Any]) -> str:
    """A value a line; those of a group under its name."""
    flat = [
        (f"{name}.{key}", inner)
        for name, value in values.items()
        for key, inner in (value.items() if isinstance(value, dict) else [("", value)])
    ]
    width = max(len(name) for name, _ in flat)
    return "\n".join(
        f"{name.rstrip('.'):<{width}}  {value:,.4g}"
        if isinstance(value, float)
        else f"{name.rstrip('.'):<{width}}  {value}"
        for name, value in flat
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr)
