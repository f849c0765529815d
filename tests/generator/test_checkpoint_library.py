"""Checkpoints by id: those that ship, those of the store, and opened folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.generator import DiffusionGenerator
from motion.errors import NotFound
from motion.motion_set import MotionSet
from motion.protocols import SampleOptions


@pytest.fixture
def folder(generator: DiffusionGenerator, motions: MotionSet, tmp_path: Path) -> Path:
    """Write a checkpoint into a folder called `mdm`, the id of another that ships."""
    generator.copy_checkpoint(generator.fit(generator.upload(motions), "", 1), tmp_path / "mdm")
    return tmp_path / "mdm"


def sample(generator: DiffusionGenerator, checkpoint: str) -> bytes:
    (motion,) = generator.sample(["a person walks"], [16], options=SampleOptions(checkpoint, steps=1))
    return motion.positions.tobytes()


def test_opening_a_folder_keeps_the_default_checkpoint(
    generator: DiffusionGenerator, folder: Path, tmp_path: Path
) -> None:
    other = DiffusionGenerator(tmp_path / "empty", device="cpu")
    assert other.describe().default_checkpoint == "mdm"
    identity = other.open_checkpoint(folder.rename(tmp_path / "mine"))
    assert identity == "mine" and identity in other.describe().checkpoints
    assert other.describe().default_checkpoint == "mdm"


def test_a_folder_does_not_replace_the_checkpoint_that_ships_under_its_name(
    generator: DiffusionGenerator, folder: Path
) -> None:
    shipped = sample(generator, "mdm")
    identity = generator.open_checkpoint(folder)
    assert identity.startswith("mdm@")
    assert sample(generator, "mdm") == shipped != sample(generator, identity)
    assert set(generator.describe().checkpoints) >= {"mdm", identity}


def test_a_folder_does_not_replace_an_opened_one_of_the_same_name(
    generator: DiffusionGenerator, motions: MotionSet, tmp_path: Path
) -> None:
    dataset = generator.upload(motions)
    identities = []
    for seed, folder in enumerate((tmp_path / "one" / "mine", tmp_path / "two" / "mine")):
        generator.copy_checkpoint(generator.fit(dataset, "", 1, seed=seed), folder)
        identities.append(generator.open_checkpoint(folder))
    assert identities[0] == "mine" and identities[1].startswith("mine@")
    assert sample(generator, identities[0]) != sample(generator, identities[1])
    assert generator.fit(dataset, identities[0], 1) != generator.fit(dataset, identities[1], 1)


def test_an_id_takes_precedence_over_a_folder_of_that_name(
    generator: DiffusionGenerator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert generator.resolve_checkpoint("mdm") == "mdm"
    assert generator.resolve_checkpoint("./mdm").startswith("mdm@")
    assert generator.resolve_checkpoint(str(folder)).startswith("mdm@")
    assert generator.resolve_checkpoint("") == "" and generator.resolve_checkpoint("beef") == "beef"
    with pytest.raises(NotFound, match="no checkpoint in"):
        generator.resolve_checkpoint(".")
