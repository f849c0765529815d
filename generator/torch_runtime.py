"""The device that torch computes on, its memory, and its number of CPU threads."""

from __future__ import annotations

from pathlib import Path

import psutil
import torch

from motion.cpu import usable_cores
from motion.errors import InvalidInput

_CONTROL_GROUP = Path("/sys/fs/cgroup")  # a container's own, seen from inside


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


def free_memory(device: torch.device) -> int:
    """Return the bytes that are free on a device: on a CPU, the lesser of the machine's and the control group's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return min(int(psutil.virtual_memory().available), _free_of_control_group(_CONTROL_GROUP))


def total_memory(device: torch.device) -> int:
    """Return the bytes of a device's memory."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().total)


def _free_of_control_group(folder: Path) -> int:
    """Return the bytes that a container may still take; far more than any machine has if it has no limit."""
    try:
        return int((folder / "memory.max").read_text()) - int((folder / "memory.current").read_text())
    except (OSError, ValueError):  # no control groups of version 2, or the limit is `max`
        return 2**62
