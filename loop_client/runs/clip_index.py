"""HumanML3D's index.csv: which recording each clip is from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from motion.motion_set import MotionSet
from motion.errors import InvalidInput, NotFound

_SOURCE, _NAME = "source_path", "new_name"


def read_index(file: Path) -> dict[str, str]:
    """The path of each clip's recording, by the clip's name.

    Raises:
        NotFound: no such file.
        InvalidInput: it has not the columns `source_path` and `new_name`.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        raise NotFound(f"there is no index {file}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    if not rows or any(row.get(_SOURCE) is None or row.get(_NAME) is None for row in rows):
        raise InvalidInput.of(str(file), f"has no columns {_SOURCE} and {_NAME} in every row")
    return {Path(row[_NAME]).stem: row[_SOURCE] for row in rows}


def from_sources(
    motions: MotionSet, index: dict[str, str], sources: Sequence[str], not_sources: Sequence[str]
) -> MotionSet:
    """The motions of clips whose recording's path has one of `sources` in it and none of `not_sources`.

    A mirrored clip, whose name has an M before it, is of the same recording.

    Raises:
        InvalidInput: a motion does not say which clip it is of, as those of HumanML3D folders do.
    """
    kept = []
    for number, fields in enumerate(motions.metadata):
        if "clip" not in fields:
            raise InvalidInput.of("data.index", f"has no use: {motions.ids[number]} does not say which clip it is of")
        path = index.get(str(fields["clip"]).removeprefix("M"), "")
        if any(text in path for text in sources) and not any(text in path for text in not_sources):
            kept.append(number)
    return motions.select(kept)
