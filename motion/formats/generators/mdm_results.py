"""Write several motions in the form of MDM's `results.npy`, which its tools and those of its successors read.

The form is that of `sample/generate.py` in "Human Motion Diffusion Model", Tevet et al., ICLR 2023: a pickled
dictionary with `motion` (n, 22, 3, frames) at 20 frames/s, `text`, `lengths`, `num_samples` and `num_repetitions`.
Writing runs nothing of the file; who reads it has to unpickle what they know to be theirs, as MDM does.
"""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np

from motion.motion import DEFAULT_FPS
from motion.motion_set import MotionSet
from motion.resample import resample_motion
from motion.shell.atomic import atomic_path

# What numpy 2 calls the module of an array's constructor; numpy 1, which MDM needs, has it without the underscore, and
# numpy 2 knows the old name too.
_NEW, _OLD = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
_PROTOCOL = 3


def results_of(motions: MotionSet) -> dict[str, Any]:
    """Return the dictionary of MDM's results for motions.

    Args:
        motions: the motions; resampled to 20 fps. The frames behind a short one repeat its last.
    """
    arrays = [resample_motion(motion, DEFAULT_FPS).positions.astype(np.float32) for motion in motions]
    longest = max(len(array) for array in arrays)
    padded = [np.concatenate([array, np.repeat(array[-1:], longest - len(array), axis=0)]) for array in arrays]
    texts = [captions[0] if captions else "" for captions in motions.captions]
    return {
        "motion": np.ascontiguousarray(np.stack(padded).transpose(0, 2, 3, 1)),
        "text": texts,
        "lengths": np.array([len(array) for array in arrays]),
        "num_samples": len(arrays),
        "num_repetitions": 1,
    }


def write_results(path: str | os.PathLike[str], motions: MotionSet) -> None:
    """Write motions as MDM's `results.npy`, atomically; equal motions give equal bytes.

    Args:
        path: the file.
        motions: one or more motions.

    Raises:
        InvalidInput: the path cannot be written.
    """
    boxed = np.empty((), dtype=object)
    boxed[()] = results_of(motions)
    pickled = pickle.dumps(boxed, protocol=_PROTOCOL)
    # The constructor is the first thing in the pickle, before anything of the motions.
    pickled = pickled[:2] + pickled[2:].replace(_NEW, _OLD, 1) if pickled[2:].startswith(_NEW) else pickled
    header = {"descr": "|O", "fortran_order": False, "shape": ()}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(pickled)
