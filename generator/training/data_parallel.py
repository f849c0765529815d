"""Training by several processes, each with a device of its own, as `torchrun` starts them.

A batch is cut into the setting `shards` parts. Process r of n computes the gradients of shards r, n + r, 2n + r and so
on; all processes then add the gradients of all shards in the order of the shards, and take the same step. A single
process that computes all shards does the same additions, so the result does not depend on the number of processes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed
from torch import Tensor

from motion.errors import InvalidInput


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a training run.

    Attributes:
        rank: number of this process.
        count: number of all.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process saves states and reports progress."""
        return self.rank == 0

    def check_shards(self, shards: int) -> None:
        """Check that each process gets as many shards as the others.

        Raises:
            InvalidInput: on the setting.
        """
        if shards % self.count:
            raise InvalidInput.of("settings.shards", f"is {shards}; must be a multiple of the {self.count} processes")

    def gather(self, values: Tensor) -> list[Tensor]:
        """Return a vector of each process, in the order of their numbers; all must have one of the same length."""
        if self.count == 1:
            return [values]
        gathered = [torch.empty_like(values) for _ in range(self.count)]
        torch.distributed.all_gather(gathered, values)
        return gathered

    def wait_for_all(self) -> None:
        """Wait until every process has come here."""
        if self.count > 1:
            torch.distributed.barrier()


def process_group(device: torch.device) -> ProcessGroup:
    """Join the processes that `torchrun` has started, or return a group of one process if it has not.

    Args:
        device: where this process computes; GPUs talk by NCCL and CPUs by Gloo.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return ProcessGroup()
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return ProcessGroup(torch.distributed.get_rank(), count)


def is_main_process() -> bool:
    """Return whether this process is the first, or the only one, that `torchrun` has started."""
    return os.environ.get("RANK", "0") == "0"


def local_device_name(name: str) -> str:
    """Return the name of the device of this process: the GPU of its number where a GPU is asked for."""
    if "LOCAL_RANK" in os.environ and (name == "cuda" or (name == "auto" and torch.cuda.is_available())):
        return f"cuda:{os.environ['LOCAL_RANK']}"
    return name
