"""Flags that several commands of `plumb-gen` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from motion.errors import InvalidInput

DEFAULT_STORE = Path("generator-store")

StoreFolder = Annotated[Path, arg(metavar="DIR", help="Folder of data sets and checkpoints.")]
Repository = Annotated[
    Path | None,
    arg(metavar="TOML", help="Use the programs of a repository, as this recipe describes them, instead of our models."),
]
Device = Annotated[str, arg(metavar="NAME", help="Device to compute on: cpu, cuda, or auto for a GPU if there is one.")]
Threads = Annotated[int, arg(metavar="N", help="CPU threads of torch; 0 uses half of the usable cores.")]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    arg(help="Precision to sample in; auto is bfloat16 on a GPU and float32 on a CPU."),
]


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Parse the values of `--set`, each NAME=VALUE.

    Raises:
        InvalidInput: if a value has no equals sign.
    """
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput.of("--set", f"has {pair!r}; must be NAME=VALUE")
        settings[name] = value
    return settings
