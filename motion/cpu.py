"""How many cores this process may use, and one BLAS thread where products are small."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Return the number of cores that this process may keep busy, at least 1.

    It is the smaller of the CPU affinity and the CPU quota of the process's control group (version 1 or 2), rounded
    up. A container with a quota of 4 cores on a machine of 64 gets 4. Where the system has neither (macOS, Windows),
    it is the number of cores of the machine.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _cgroup_quota(_CGROUPS, _OWN_CGROUP))))


def _cgroup_quota(root: Path, own: Path) -> float:
    """Return the cores that control groups grant to the process; infinity for no limit.

    Args:
        root: where the control groups are mounted.
        own: the file that lists the process's own groups, lines of `hierarchy:controllers:path`.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return math.inf
    quota = math.inf
    for line in lines:
        hierarchy, controllers, path = line.split(":", 2)
        if hierarchy == "0":
            mount, read = root, _quota_of_version_2
        elif "cpu" in controllers.split(","):
            mount, read = root / "cpu", _quota_of_version_1
        else:
            continue
        group = mount / path.lstrip("/")
        # Every ancestor may set a limit. Inside a container the path may name a group that only the host can see;
        # then the mount's own root is the container's group.
        for folder in (group, *group.parents):
            quota = min(quota, read(folder))
            if folder == mount:
                break
    return quota


def _quota_of_version_2(group: Path) -> float:
    try:
        allowed, period = (group / "cpu.max").read_text().split()
        return math.inf if allowed == "max" else int(allowed) / int(period)
    except (OSError, ValueError):
        return math.inf


def _quota_of_version_1(group: Path) -> float:
    try:
        allowed = int((group / "cpu.cfs_quota_us").read_text())
        period = int((group / "cpu.cfs_period_us").read_text())
        return allowed / period if allowed > 0 and period > 0 else math.inf
    except (OSError, ValueError):
        return math.inf


class _BlasLimit:
    """Counts who wants one BLAS thread, so that the last one to leave restores what was there before the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._limits: threadpool_limits | None = None

    def acquire(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._limits = threadpool_limits(limits=1, user_api="blas")
            self._holders += 1

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0 and self._limits is not None:
                self._limits.restore_original_limits()
                self._limits = None


_blas_limit = _BlasLimit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Let NumPy's and SciPy's BLAS use one thread while the block runs.

    The policy's products are so small that a second BLAS thread only waits, and it waits by spinning: a correction
    then costs four to nine times its CPU time. The limit holds for the whole process while any block is open, in
    whatever thread, and for the BLAS libraries that are loaded when the first block is entered. Results do not change.
    """
    _blas_limit.acquire()
    try:
        yield
    finally:
        _blas_limit.release()
