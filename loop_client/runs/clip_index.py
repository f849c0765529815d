"""HumanML3D's index.csv, which tells the recording that each clip was cut from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from motion.errors import InvalidInput, NotFound
from motion.motion_set import MotionSet

_SOURCE, _NAME = "source_path", "new_name"


def read_index(file: Path) -> dict[str, str]:
    """Read the path of each clip's recording, by the clip's name.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read, or a row lacks the columns `source_path` and `new_name`.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError:
        raise NotFound(f"there is no index {file}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput.of(str(file), f"cannot be read ({error})") from error
    if not rows or any(row.get(_SOURCE) is None or row.get(_NAME) is None for row in rows):
        raise InvalidInput.of(str(file), f"lacks the columns {_SOURCE} and {_NAME} in some row")
    return {Path(row[_NAME]).stem: row[_SOURCE] for row in rows}


def select_recordings(
    motions: MotionSet, index: dict[str, str], sources: Sequence[str], not_sources: Sequence[str]
) -> MotionSet:
    """Select the clips that were cut from certain recordings.

    Args:
        motions: clips, each with its name in the metadata field `clip`. A mirrored clip, whose name begins with M, is
            of the same recording as the clip itself.
        index: the path of each clip's recording, as `read_index` returns it.
        sources: the path must contain one of these texts.
        not_sources: the path must contain none of these texts.

    Raises:
        InvalidInput: a motion has no metadata field `clip`, which those of HumanML3D folders have.
    """
    kept = []
    for number, fields in enumerate(motions.metadata):
        if "clip" not in fields:
            raise InvalidInput.of("data.index", f"has no use: {motions.ids[number]} does not name the clip it is of")
        path = index.get(str(fields["clip"]).removeprefix("M"), "")
        if any(text in path for text in sources) and not any(text in path for text in not_sources):
            kept.append(number)
    return motions.select(kept)
