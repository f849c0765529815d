"""A generator whose training and sampling are programs of somebody's repository."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from generator.dataset_store import DatasetStore, is_id, make_folder, request_id
from generator.repository.command_recipe import CommandRecipe
from generator.repository.command_template import CommandTemplate
from generator.repository.exchange_files import exchange_dataset, read_samples, write_prompts
from generator.repository.printed_progress import PrintedProgress
from generator.repository.program_run import ProgramFailed, run_program
from generator.sample_request import SEED_LIMIT, check_sample_request
from generator.training.feature_codec import check_trainable
from motion.errors import InvalidInput, NotFound, Overloaded
from motion.formats.read_options import ReadOptions
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import FitProgress, GeneratorInfo, SampleOptions
from motion.shell.file_lock import lock_file

_SETTING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,:+-]*|-?[0-9.][0-9.e+-]*")
_CARD = "card.json"
_log = logging.getLogger(__name__)


class CommandGenerator:
    """Runs the programs of a repository to train and to sample; satisfies `motion.protocols.Generator`.

    A request is cut into calls of the sampling program of `batch` prompts, always the same for the same request, so a
    stream can be resumed at any index. That a call gives equal samples for equal prompts and seed, and other ones for
    equal prompts in one call, is up to the program.

    STORE/datasets/ID.npz         uploaded sets
    STORE/exchange/FORM-ID/       the same for the training program
    STORE/partial/ID/             the folder of a checkpoint while it is trained
    STORE/checkpoints/ID/files/   what the training left there; ID is a digest of the request
    STORE/logs/ID.log             what the programs printed

    Args:
        recipe: the commands, and what goes in and out.
        store: folder for data sets and checkpoints.
    """

    def __init__(self, recipe: CommandRecipe, store: Path):
        self._recipe = recipe
        self._root = Path(store).absolute()
        self._datasets = DatasetStore(self._root / "datasets")
        self._sampling, self._training = threading.Lock(), threading.Lock()
        self._options = ReadOptions(
            input_fps=recipe.input_fps or None,
            unit=cast("None", recipe.unit or None),
            up=cast("None", recipe.up or None),
        )

    def describe(self) -> GeneratorInfo:
        """Describe the generator; the checkpoint that was trained last is the default."""
        ids = (*self._recipe.checkpoints, *self._trained())
        recipe = self._recipe
        return GeneratorInfo(
            recipe.name, recipe.version, recipe.fps, recipe.min_frames, recipe.max_frames, ids, ids[-1] if ids else "",
            recipe.device,
        )  # fmt: skip

    def sample(
        self,
        prompts: Sequence[str],
        lengths: Sequence[int],
        seed: int = 0,
        options: SampleOptions | None = None,
        start_index: int = 0,
    ) -> Iterator[Motion]:
        """Sample motions by the program, in the order of the prompts; see `motion.protocols.Generator.sample`.

        Args:
            prompts: texts, one per motion.
            lengths: frames of each motion.
            seed: seed of the request.
            options: checkpoint, guidance and steps; the latter two only if the command has places for them.
            start_index: index of the first motion to return.

        Raises:
            InvalidInput: if a prompt, a length or an option is invalid.
            NotFound: if there is no such checkpoint.
            PlumbError: if the program fails, or what it wrote cannot be used.
        """
        options = options or SampleOptions()
        check_sample_request(
            prompts, lengths, seed, options, start_index, self._recipe.max_frames, self._recipe.min_frames
        )
        command = self._recipe.sample_command
        for name, place in (("guidance", "guidance"), ("steps", "sampling_steps")):
            if getattr(options, name) is not None and place not in command.places:
                raise InvalidInput.of(name, f"is {getattr(options, name)}; this generator takes none")
        folder = self._checkpoint_folder(options.checkpoint or self.describe().default_checkpoint)
        return self._sampled(list(prompts), list(lengths), seed, options, folder, start_index)

    def upload(self, dataset: MotionSet) -> str:
        """Store a data set and return its id, a digest of its content.

        Raises:
            InvalidInput: if a model cannot be trained on it.
        """
        check_trainable(dataset)
        return self._datasets.put(dataset)

    def fit(
        self,
        dataset: str,
        init: str,
        steps: int,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
        progress: Callable[[FitProgress], None] | None = None,
    ) -> str:
        """Train by the program and return the id of the checkpoint, a digest of the arguments.

        An interrupted run leaves its folder, which the program finds again when the same request comes.

        Args:
            dataset: id of an uploaded data set.
            init: id of the checkpoint to start from; empty to train from scratch.
            steps: what the command has as `{steps}`.
            seed: seed of everything random.
            settings: settings that differ from the defaults of the recipe.
            progress: called twice a second, with the last step and loss that the program has printed, or step 1 and
                NaN. An exception that it raises stops the program.

        Raises:
            InvalidInput: if an argument is invalid, or there is no training command.
            NotFound: if there is no such data set or checkpoint.
            PlumbError: if the program fails, or leaves nothing.
        """
        if steps < 1:
            raise InvalidInput.of("steps", f"is {steps}; must be at least 1")
        if not 0 <= seed < SEED_LIMIT:
            raise InvalidInput.of("seed", f"is {seed}; must be at least 0 and below 2^63")
        values = self._settings(settings or {})
        if not self._recipe.train:
            raise InvalidInput.of("train", "is not in the recipe of this generator, which can only sample")
        motions = self._datasets.read(dataset)
        start = self._checkpoint_folder(init) if init else None
        request = {"dataset": dataset, "init": init, "steps": steps, "seed": seed, "settings": values}
        card = {**request, "name": self._recipe.name, "version": self._recipe.version, "train": self._recipe.train}
        identity = request_id(card)
        with self._training:
            if not self._is_trained(identity):
                places = {**values, "steps": str(steps), "seed": str(seed % 2**31), "init": str(start or "")}
                printed = PrintedProgress(self._recipe.progress, steps, progress)
                self._train(identity, motions, dataset, places, card, printed)
        return identity

    def _settings(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the values of all settings. They become arguments, so paths and flags are refused."""
        known = {name: str(value) for name, value in self._recipe.settings.items()}
        for name, value in given.items():
            if name not in known:
                there_is = f"there is {', '.join(sorted(known))}" if known else "this generator has no settings"
                raise InvalidInput.of(f"settings.{name}", f"is unknown; {there_is}")
            if not _SETTING.fullmatch(value):
                raise InvalidInput.of(f"settings.{name}", f"is {value!r}; must be a number or a word, without slashes")
        return known | dict(given)

    def _train(
        self,
        identity: str,
        motions: MotionSet,
        dataset: str,
        places: Mapping[str, str],
        card: Mapping[str, object],
        progress: PrintedProgress,
    ) -> None:
        partial = self._root / "partial" / identity
        make_folder(partial)
        data = exchange_dataset(motions, dataset, self._root / "exchange", self._recipe.data)
        command = self._recipe.train_command
        # The program inherits the lock: it holds as long as the program runs, even if this process is killed.
        with (self._root / "partial" / f"{identity}.lock").open("w") as lock:
            try:
                lock_file(lock)
            except BlockingIOError as error:
                raise Overloaded(f"the checkpoint {identity} is being trained already") from error
            values = {**places, "data": str(data), "out": str(partial)}
            self._run(command, values, f"{identity}.log", progress, math.inf, lock.fileno())
            if not any(partial.iterdir()):
                raise ProgramFailed(
                    f"{command.program} ended well, but left nothing in {{out}}, the folder that it got"
                )
            self._publish(identity, partial, card)

    def _run(
        self,
        command: CommandTemplate,
        places: Mapping[str, str],
        log: str,
        on_line: Callable[[str | None], None],
        timeout_s: float,
        inherited: int | None = None,
    ) -> None:
        """Run a command. What it says of our files when it fails is for the log and not for clients."""
        folder, logs = Path(self._recipe.folder), self._root / "logs"
        make_folder(logs)
        try:
            run_program(command.program, command.fill(places), folder, logs / log, on_line, timeout_s, inherited)
        except ProgramFailed as error:
            text = str(error)
            paths = {value: f"{{{name}}}" for name, value in places.items() if os.path.isabs(value)}
            for path, name in {**paths, str(self._root): "STORE", str(folder.absolute()): "REPOSITORY"}.items():
                text = text.replace(path, name)
            raise ProgramFailed(text) from error

    def _publish(self, identity: str, partial: Path, card: Mapping[str, object]) -> None:
        make_folder(self._root / "checkpoints")
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=self._root / "checkpoints"))
        os.replace(partial, folder / "files")
        (folder / _CARD).write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(folder, self._root / "checkpoints" / identity)

    def _sampled(
        self,
        prompts: list[str],
        lengths: list[int],
        seed: int,
        options: SampleOptions,
        checkpoint: Path,
        start_index: int,
    ) -> Iterator[Motion]:
        size = self._recipe.batch
        for first in range(start_index - start_index % size, len(prompts), size):
            part = slice(first, first + size)
            motions = self._sample_part(prompts[part], lengths[part], _seed_of(seed, first), options, checkpoint)
            yield from motions[max(0, start_index - first) :]

    def _sample_part(
        self, prompts: list[str], lengths: list[int], seed: int, options: SampleOptions, checkpoint: Path
    ) -> list[Motion]:
        command, recipe = self._recipe.sample_command, self._recipe
        work = Path(tempfile.mkdtemp(prefix="plumb-sample-"))
        try:
            out = work / "out"
            out.mkdir()
            places = write_prompts(work, prompts, lengths) | {
                "checkpoint": str(checkpoint),
                "out": str(out),
                "seed": str(seed),
                "guidance": "" if options.guidance is None else f"{options.guidance:g}",
                "sampling_steps": str(options.steps or ""),
            }
            with self._sampling:
                self._run(command, places, "sample.log", lambda _: None, recipe.timeout_s)
            return read_samples(out, prompts, lengths, recipe.fps, self._options)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _trained(self) -> list[str]:
        """Return the ids of the checkpoints that were trained, the newest last."""
        cards = [card for card in (self._root / "checkpoints").glob(f"*/{_CARD}") if is_id(card.parent.name)]
        return [card.parent.name for card in sorted(cards, key=lambda card: (card.stat().st_mtime_ns, str(card)))]

    def _is_trained(self, identity: str) -> bool:
        return is_id(identity) and (self._root / "checkpoints" / identity / _CARD).is_file()

    def _checkpoint_folder(self, identity: str) -> Path:
        if identity in self._recipe.checkpoints:
            return Path(self._recipe.folder, str(self._recipe.checkpoints[identity])).absolute()
        if not self._is_trained(identity):
            known = (*self._recipe.checkpoints, *self._trained())
            raise NotFound(f"no checkpoint {identity!r}; there is {', '.join(known[-5:]) or 'none yet'}")
        return self._root / "checkpoints" / identity / "files"


def _seed_of(seed: int, first: int) -> int:
    """Return the seed of a call of the sampling program: a function of the request's seed and its first index."""
    return int(np.random.SeedSequence([seed, first]).generate_state(1)[0] >> 1)
