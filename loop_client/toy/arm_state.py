"""The state of an arm between two generations, and its file, from which an interrupted arm continues."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from loop_client.toy.model_arrays import model_arrays, model_from_arrays
from loop_client.toy.point_set import PointSet
from loop_client.toy.toy_model import ToyModel
from motion.errors import InvalidInput
from motion.shell.atomic import atomic_path


@dataclass
class ArmState:
    """The state of an arm. Random numbers are no part of it, for every generation has its own.

    Attributes:
        trained: the last models, as many as the arm samples from.
        generation: the last one that is done; -1 before the first.
        synthetic: the points that were sampled, by generation, as far as they are trained on again.
        measured: the metrics of each generation that was measured, (runs,) by name.
        pictures: samples of the first run of each generation that is pictured.
    """

    trained: list[Any]
    generation: int = -1
    synthetic: list[list[PointSet]] = field(default_factory=list)
    measured: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)
    pictures: list[np.ndarray] = field(default_factory=list)


def write_arm_state(file: Path, state: ArmState) -> None:
    """Write the state of an arm whose models are networks."""
    arrays: dict[str, np.ndarray] = {"generation": np.array(state.generation)}
    for index, model in enumerate(state.trained):
        arrays |= {f"trained/{index}/{name}": array for name, array in model_arrays(model).items()}
    for index, sets in enumerate(state.synthetic):
        arrays |= {f"synthetic/{index}/{number}": points.points for number, points in enumerate(sets)}
    for generation, values in state.measured.items():
        arrays |= {f"measured/{generation}/{name}": array for name, array in values.items()}
    arrays |= {f"pictures/{index}": picture for index, picture in enumerate(state.pictures)}
    with atomic_path(file) as temporary, temporary.open("wb") as opened:
        np.savez(opened, allow_pickle=False, **arrays)


def read_arm_state(file: Path, model: ToyModel) -> ArmState | None:
    """Read the state of an arm; None where there is none.

    Args:
        file: as `write_arm_state` wrote it.
        model: the kind of generator, with its settings.

    Raises:
        InvalidInput: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as opened:
            arrays = dict(opened)
        generation = int(arrays.pop("generation"))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error}); delete it to begin the arm again") from error
    tree: dict[str, Any] = {"trained": {}, "synthetic": {}, "measured": {}, "pictures": {}}
    for name, array in arrays.items():
        *branches, leaf = name.split("/")
        node = tree
        for branch in branches:
            node = node.setdefault(branch, {})
        node[leaf] = array
    return ArmState(
        [model_from_arrays(model, each) for each in _in_order(tree["trained"])],
        generation,
        [[PointSet(points) for points in _in_order(sets)] for sets in _in_order(tree["synthetic"])],
        {int(number): values for number, values in tree["measured"].items()},
        _in_order(tree["pictures"]),
    )


def _in_order(numbered: dict[str, Any]) -> list[Any]:
    return [numbered[str(index)] for index in range(len(numbered))]
