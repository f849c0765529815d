"""Faults of machines: memory, clock, disk, and a node of a cluster."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from fault_bench import FaultBench, Outcome, once_at
from server_under_load import SIM, ServerUnderLoad

from motion.formats.files import write_motion

_HOUR_S = 3600.0
_STORE_BYTES = 100 * 2**20
# Lets the clock of the Python code of a server jump, forward and back, with each line that is written to a file.
_JUMPING_CLOCK = """
import os, time
_file, _true = os.environ["CLOCK_JUMPS"], time.time
def _now():
    try:
        return _true() + os.stat(_file).st_size
    except OSError:
        return _true()
time.time = _now
time.time_ns = lambda: int(_now() * 1e9)
"""


def memory_limit_reached(bench: FaultBench) -> Outcome:
    """Let the system refuse any further memory to a process that a server works in."""
    fault, limited = "memory limit of a worker process reached", list[int]()
    with bench.server() as server:

        def limit() -> None:
            workers = sorted(server.workers(), key=lambda worker: worker.memory_info().rss)
            with suppress(IndexError, psutil.Error):
                limited.append(workers[-1].pid)
                resource.prlimit(workers[-1].pid, resource.RLIMIT_AS, (2**20, 2**20))

        outcome = bench.correct(fault, server.address, once_at(bench, 0.2, limit))
        gone = [pid for pid in limited if not psutil.pid_exists(pid)]
    outcome.seen += f" {len(gone)} of {len(limited)} such processes were replaced"
    return outcome


def clock_jumps(bench: FaultBench) -> Outcome:
    """Let the clock of the only server jump an hour forward, and later back again."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(_JUMPING_CLOCK, "utf-8")
        jumps = Path(folder) / "jumps"
        path = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
        with bench.server(environment={"PYTHONPATH": path, "CLOCK_JUMPS": str(jumps)}) as server:
            forward = once_at(bench, 0.2, lambda: os.truncate(_made(jumps), int(_HOUR_S)))
            back = once_at(bench, 0.6, lambda: os.truncate(jumps, 0))

            def act(done: int) -> None:
                forward(done)
                back(done)

            return bench.correct("clock of the only server jumps an hour, and back", server.address, act)


def node_lost(bench: FaultBench) -> Outcome:
    """Kill a node of the Ray cluster that a server corrects on."""
    fault = "a Ray node lost"
    if bench.program != SIM:
        return Outcome(fault, 0, seen="this server has no cluster")
    try:
        from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        return Outcome(fault, 0, seen="needs the extra `ray`")
    node = {"num_cpus": 1, "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    cluster: Any = Cluster(initialize_head=True, head_node_args=node)
    try:
        second = cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
        with ServerUnderLoad(["--ray", cluster.address, "--workers", "2"]) as server:
            kill = once_at(bench, 0.2, lambda: cluster.remove_node(second, allow_graceful=False))
            return bench.correct(fault, server.address, kill)
    finally:
        cluster.shutdown()


def log_on_a_full_disk(bench: FaultBench) -> Outcome:
    """Let the server write its log to a disk that is full."""
    server = ServerUnderLoad([*bench.flags, "--log", "text"], bench.program, Path("/dev/full"))
    with server:
        return bench.correct("log on a full disk", server.address)


def output_on_a_full_disk(bench: FaultBench) -> Outcome:
    """Write corrections to a disk that is full: the file that was there stays, and the reason is told."""
    fault = "corrections written to a full disk"
    with _small_disk() as disk, bench.server() as server:
        if disk is None:
            return Outcome(fault, 0, seen="needs the right to mount a file system")
        motion, out = disk / "motion.npz", disk / "out.npz"
        write_motion(motion, bench.motions[0])
        out.write_bytes(before := b"what was there before")
        (disk / "filler").write_bytes(b"\0" * _free_bytes(disk))
        command = [sys.executable, "-m", "sim_server", "correct", str(motion), "--out", str(out)]
        ended = subprocess.run([*command, "--server", server.address], capture_output=True, text=True, check=False)
        is_whole = out.read_bytes() == before
        sentence = ended.stderr.strip().splitlines()[-1].rpartition(": ")[2] if ended.stderr.strip() else "nothing"
        is_told = ended.returncode == 2 and is_whole and "Traceback" not in ended.stderr
        seen = f"exit status {ended.returncode}, '{sentence}', the old file is whole: {is_whole}"
        return Outcome(fault, 1, told=int(is_told), seen=seen)


def _made(file: Path) -> Path:
    file.touch()
    return file


@contextmanager
def _small_disk() -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True, check=False
        )
        try:
            yield Path(folder) if made.returncode == 0 else None
        finally:
            if made.returncode == 0:
                subprocess.run(["umount", folder], check=False)


def _free_bytes(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_bsize
