"""Recipes of repositories: what their programs are called with, and what they read and write."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from generator.repository.command_template import CommandTemplate
from generator.repository.exchange_files import DATA_FORMATS
from generator.sample_request import MAX_FRAMES
from motion.errors import InvalidInput, Violation
from motion.formats.read_options import UNIT_M
from motion.motion import DEFAULT_FPS
from motion.shell.recipe_file import read_recipe_table, recipe_from_table
from motion.shell.schema import Integer, Number, Scalars, Text

TRAIN_PLACES = frozenset({"data", "out", "init", "steps", "seed"})
SAMPLE_PLACES = frozenset({"checkpoint", "prompts", "lengths", "request", "out", "seed", "guidance", "sampling_steps"})
DEFAULT_PROGRESS = r"step\D{0,3}(?P<step>\d+)(?:.*?loss\D{0,3}(?P<loss>[\d.]+(?:e[+-]?\d+)?))?"


@dataclass(frozen=True)
class CommandRecipe:
    """How to train and sample a model of somebody's repository by its own programs.

    Commands are filled in without a shell. A part in square brackets is left out if a value in it is empty.

    Attributes:
        name: name of the generator.
        sample: command that samples. `{prompts}` and `{lengths}` are text files with a prompt and a number of frames a
            line, `{request}` a JSON file with both; `{out}` is an empty folder for motions in any format that Plumb
            reads, in the order of the prompts; `{checkpoint}` is the folder that the training filled, `{seed}` a number
            below 2^31; `{guidance}` and `{sampling_steps}` are empty unless the client says something.
        train: command that trains; without it, clients can only sample. `{data}` is the data set, `{out}` the folder
            of the checkpoint, which has what an interrupted run left there; `{init}` is the folder of the checkpoint to
            start from, empty for none; `{steps}` and `{seed}` are numbers. Settings are places of their names.
        folder: folder in which the commands run; relative to the recipe's file.
        data: form of the data set, one of `generator.repository.exchange_files.DATA_FORMATS`.
        settings: settings of the training by name, with their defaults.
        checkpoints: folders of checkpoints that there are already, by name; the last is the default until one is
            trained.
        progress: regular expression that finds the step, and perhaps the loss, in a line that the training prints.
        fps: frame rate of the samples, frames per second.
        input_fps: frame rate of the files; 0 for what they state, or 20 where they state none.
        unit: unit of lengths in the files; empty to find it from the motion.
        up: axis of the files that points up; empty to find it from the motion.
        min_frames: fewest frames of a sample.
        max_frames: most frames of a sample.
        batch: most prompts that the sampling program gets at a time.
        timeout_s: longest time that one call of the sampling program may take, seconds.
        version: version of the model; another version makes other checkpoints.
        device: name of the device that it runs on, for people.

    Raises:
        InvalidInput: a command is malformed, lacks a place that it needs, or has one that nothing fills.
    """

    name: str
    sample: str
    train: Annotated[str, Text(may_be_empty=True)] = ""
    folder: str = "."
    data: Annotated[str, Text(DATA_FORMATS)] = "humanml3d"
    settings: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)
    checkpoints: Annotated[dict[str, Any], Scalars()] = field(default_factory=dict)
    progress: str = DEFAULT_PROGRESS
    fps: Annotated[float, Number(1, 1000)] = DEFAULT_FPS
    input_fps: Annotated[float, Number(0, 1000)] = 0.0
    unit: Annotated[str, Text(("", *UNIT_M), may_be_empty=True)] = ""
    up: Annotated[str, Text(may_be_empty=True)] = ""
    min_frames: Annotated[int, Integer(1)] = 40
    max_frames: Annotated[int, Integer(1)] = MAX_FRAMES
    batch: Annotated[int, Integer(1)] = 32
    timeout_s: Annotated[float, Number(1)] = 3600.0
    version: str = "1"
    device: str = "unknown"

    def __post_init__(self) -> None:
        self.sample_command.check_places(SAMPLE_PLACES, {"out"})
        if not {"prompts", "request"} & self.sample_command.places:
            raise InvalidInput.of("sample", "has neither {prompts} nor {request}; must have one of them")
        if self.train:
            self.train_command.check_places(TRAIN_PLACES | set(self.settings), {"data", "out"})
        violations = [
            Violation(f"settings.{name}", "is the name of another place; must be one of its own")
            for name in sorted(set(self.settings) & TRAIN_PLACES)
        ]
        if self.min_frames > self.max_frames:
            violations.append(Violation("min_frames", f"is {self.min_frames}; must be at most {self.max_frames}"))
        try:
            groups = re.compile(self.progress).groupindex
            if "step" not in groups:
                violations.append(Violation("progress", f"is {self.progress!r}; must have a group (?P<step>...)"))
        except re.error as error:
            violations.append(Violation("progress", f"is no regular expression ({error})"))
        if violations:
            raise InvalidInput(violations)

    @property
    def sample_command(self) -> CommandTemplate:
        """The command that samples."""
        return CommandTemplate(self.sample, "sample")

    @property
    def train_command(self) -> CommandTemplate:
        """The command that trains.

        Raises:
            InvalidInput: there is none.
        """
        return CommandTemplate(self.train, "train")


def read_command_recipe(path: str | os.PathLike[str]) -> CommandRecipe:
    """Read a recipe; its folder is taken relative to the file.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is not TOML, or a key or value is wrong.
    """
    recipe = recipe_from_table(CommandRecipe, read_recipe_table(path, {}), os.fspath(path))
    return replace(recipe, folder=str((Path(path).absolute().parent / recipe.folder).resolve()))
