"""The device that torch computes on, and its number of CPU threads."""

from __future__ import annotations

import torch

from motion.cpu import usable_cores
from motion.errors import InvalidInput


def resolve_device(name: str) -> torch.device:
    """Return the device of a name, where "auto" is a GPU if there is one.

    Raises:
        InvalidInput: if there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidInput.of("device", f"is {name!r}, which cannot be used ({reason}); must be cpu or auto") from error


def set_torch_threads(threads: int) -> None:
    """Set the number of CPU threads of torch in this process; 0 for half of the usable cores.

    The other half is for the rest of the program and for a corrector on the same machine. Torch's threads wait by
    spinning, so threads that have to share cores cost far more than they gain: with other programs on a machine of two
    cores, sixteen samples took 4 s in one thread and 42 s in two.

    Raises:
        InvalidInput: if the number is negative.
    """
    if threads < 0:
        raise InvalidInput.of("threads", f"is {threads}; must not be negative")
    torch.set_num_threads(threads or max(1, usable_cores() // 2))
