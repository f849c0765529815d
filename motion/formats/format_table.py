"""The forms of motion that are read and written, and what each of them keeps: the table of `docs/formats.md`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from motion.formats.motion_file import Form

Carries = Literal["any motion", "rigid bodies", "changed"]
"""Which motions a form gives back within 0.1 mm: any, or those whose bones keep their lengths; or none."""


@dataclass(frozen=True)
class FormatEntry:
    """One form of motion.

    Attributes:
        form: the form, as Markdown.
        read: whether it is read, and how.
        written: whether it is written, and how.
        rate: where the frame rate comes from, or which it is.
        unit: the unit of lengths.
        up: the axis that points up.
        kept: what it keeps besides the 22 joints.
        lost: what it loses.
        out: what is given as the output to write one motion in this form; None if it is not written.
        written_to: what is read to have that motion back, where it is not `out`.
        form_of_arrays: what `--as` has to be.
        carries: which motions it gives back within 0.1 mm.
        keeps_rate: whether it gives back any frame rate.
        keeps_captions: whether it gives back captions.
    """

    form: str
    read: str
    written: str
    rate: str
    unit: str
    up: str
    kept: str
    lost: str
    out: str | None = None
    written_to: str | None = None
    form_of_arrays: Form | None = None
    carries: Carries = "any motion"
    keeps_rate: bool = True
    keeps_captions: bool = False

    @property
    def is_read(self) -> bool:
        """Whether the form is read."""
        return self.read != "no"


FORMATS: tuple[FormatEntry, ...] = (
    FormatEntry(
        "`NAME.bvh`", "yes", "yes", "of the file", "found from the legs; written in cm", "found; written Y",
        "the rig it came on, with fingers, face and twist", "caption", out="a.bvh",
    ),
    FormatEntry(
        "`NAME.npy`, positions (T, 22, 3)", "yes", "yes", "20", "found; written in m", "found; written Y", "",
        "rate, caption, name", out="a.npy", form_of_arrays="positions", keeps_rate=False,
    ),
    FormatEntry(
        "`NAME.npy`, features (T, 263)", "yes", "`--as features`", "20", "m", "Y", "",
        "rate, caption, name, heading and place of the first frame, one frame, changes in the length of bones",
        out="f.npy", form_of_arrays="features", carries="changed", keeps_rate=False,
    ),
    FormatEntry(
        "`NAME.npz` with `positions`", "yes", "yes", "of the file; 20 where it states none", "found; written in m",
        "found; written Y", "caption, name, joint names", "", out="a.npz", form_of_arrays="positions",
        keeps_captions=True,
    ),
    FormatEntry(
        "`NAME.npz` with `features`", "yes", "`--as features`", "20", "m", "Y", "caption, name",
        "as `.npy` of features", out="f.npz", form_of_arrays="features", carries="changed", keeps_rate=False,
        keeps_captions=True,
    ),
    FormatEntry(
        "`NAME.npz` of SMPL, SMPL-H, SMPL-X, AMASS", "yes", "`--as smpl`", "of the file", "m",
        "Z, or found; written Z", "every key that motion does not change: shape, gender, hands, face",
        "caption, changes in the length of bones", out="s.npz", form_of_arrays="smpl", carries="rigid bodies",
    ),
    FormatEntry(
        "packed set: `NAME` for `NAME.npz` and `NAME.jsonl`", "yes", "yes", "of each motion", "m", "Y",
        "captions, names, all metadata; reports beside it", "", out="set", keeps_captions=True,
    ),
    FormatEntry(
        "MDM's `results.npy`", "yes", "several motions to one `.npy`", "20", "m", "Y", "captions", "rate, names",
        out="results.npy", keeps_rate=False, keeps_captions=True,
    ),
    FormatEntry(
        "`.npy`, `.npz`, `.pkl`, `.pt` of other generators and trackers", "yes; no pickle is run", "no",
        "of the file; 20 where it states none", "found", "found", "captions", "",
    ),
    FormatEntry(
        "`NAME.glb`", "yes, its skeletons", "yes, also several motions", "of its keys", "m", "Y",
        "names of motions", "caption; of a file that is read, its meshes and joints beyond the 22", out="a.glb",
    ),
    FormatEntry(
        "`NAME.fbx`", "yes, by the extra `fbx`", "no", "of the file", "of the file", "of the file", "",
        "takes after the first, meshes, joints beyond the 22",
    ),
    FormatEntry(
        "`NAME.amc` with its `.asf`", "yes", "no", "120, as CMU's", "of the file, or found", "found", "",
        "joints beyond the 22",
    ),
    FormatEntry(
        "`NAME.usda`", "no", "yes", "of the motion", "m", "Y", "caption", "", out="a.usda",
    ),
    FormatEntry(
        "HumanML3D's folder", "yes", "no", "20", "m", "Y", "captions, splits, parts of clips", "",
    ),
    FormatEntry(
        "a folder of files", "yes", "yes", "of each file", "of each file", "of each file",
        "names; captions in `NAME.txt`", "as each file", out="folder/*.npz", written_to="folder", keeps_captions=True,
    ),
    FormatEntry(
        "`NAME.html`, `.mp4`, `.gif`", "no", "by `plumb-motion view`", "of the motion", "", "", "captions", "all else",
    ),
)  # fmt: skip
"""All forms."""


def format_table() -> str:
    """Return the forms as a table in Markdown."""
    head = ("form", "read", "written", "rate", "unit", "up", "kept besides the joints", "lost")
    rows = [(e.form, e.read, e.written, e.rate, e.unit, e.up, e.kept, e.lost) for e in FORMATS]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
