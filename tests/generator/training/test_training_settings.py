"""Settings that are given as text."""

from __future__ import annotations

import re

import pytest

from generator.training.settings import BOUNDS, Settings
from motion.errors import InvalidInput


def test_settings_given_as_text_are_parsed() -> None:
    changed = Settings().with_texts({"width": "32", "lr": "1e-5", "mask_frames": "False", "text_encoder": "clip"})
    assert (changed.width, changed.lr, changed.mask_frames, changed.text_encoder) == (32, 1e-5, False, "clip")
    assert Settings(**changed.to_json()) == changed


def test_an_unknown_setting_is_refused_with_a_list_of_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"settings\.depth: is unknown; must be one of arch, .*, width"):
        Settings().with_texts({"depth": "3"})


@pytest.mark.parametrize(
    "name, text",
    [
        ("layers", "two"), ("layers", "1.5"), ("layers", "0"), ("width", "-4"), ("width", "30"), ("heads", "0"),
        ("lr", "fast"), ("lr", "0"), ("lr", "nan"), ("lr", "inf"), ("clip", "nan"), ("dropout", "1"), ("ema", "nan"),
        ("cond_drop", "-0.1"), ("mask_frames", "perhaps"), ("warmup", "-1"), ("max_frames", "7"), ("batch", ""),
    ],
)  # fmt: skip
def test_an_invalid_value_of_a_setting_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=rf"settings\.{name}"):
        Settings().with_texts({name: text})


def test_settings_of_an_existing_network_cannot_change() -> None:
    with pytest.raises(InvalidInput, match=r"settings\.diffusion_steps: is 20; the checkpoint to start from has 50"):
        Settings(diffusion_steps=50).with_texts({"diffusion_steps": "20"}, fixed=True)
    assert Settings(width=64).with_texts({"width": "64", "lr": "1e-6"}, fixed=True).lr == 1e-6


@pytest.mark.parametrize(
    "name, text",
    [
        ("batch", "1000000000"), ("layers", "10000000"), ("diffusion_steps", "100000000"), ("ff", "100000000000000"),
        ("width", "20000"), ("heads", "1000"), ("lr", "1e300"), ("clip", "1e300"), ("warmup", "9999999999"),
        ("velocity_weight", "1e30"), ("extrapolation", "1e30"), ("shards", "2000"),
    ],
)  # fmt: skip
def test_a_value_beyond_every_model_is_refused_with_its_bound(name: str, text: str) -> None:
    bound = f"{BOUNDS[name]:g}" if name in BOUNDS else "1000"
    with pytest.raises(InvalidInput, match=rf"settings\.{name}: is .*; must be .*{re.escape(bound)}"):
        Settings().with_texts({name: text})


def test_a_batch_is_not_cut_into_more_parts_than_it_has_motions() -> None:
    with pytest.raises(InvalidInput, match=r"settings\.shards: is 5; must be at most the batch \(4\)"):
        Settings(batch=4, shards=5)
