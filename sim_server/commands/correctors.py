"""What several commands need: the corrector or scorer that the flags name, assist, effort, and motions from files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motion.correction_options import effort_name
from motion.errors import InvalidInput
from motion.formats.motion_file import MotionFile
from motion.formats.read_options import DEFAULT_OPTIONS, ReadOptions
from motion.protocols import Assist, Corrector, Effort, Scorer
from motion.rpc.client_flags import ClientFlags
from motion.shell.command import log


@contextmanager
def open_corrector(
    server: str | None,
    policy: str,
    threads: int,
    connection: ClientFlags | None = None,
    workers: int = 0,
    priority: int = 0,
) -> Iterator[Corrector]:
    """Open the corrector at the address `server`, or one in this process if there is no address.

    Args:
        server: the address; None for a corrector in this process.
        policy: name or folder of the policy of a corrector in this process.
        threads: threads of a corrector in this process.
        connection: the flags that say how to connect; None for what the environment says.
        workers: processes of a corrector on this machine; 0 for one in this process.
        priority: order among the same client's motions on a server; higher ones come first.
    """
    if server is not None:
        from motion.rpc.corrector_client import RemoteCorrector

        security = connection and connection.client_security()
        with RemoteCorrector(server, security=security, priority=priority) as remote:
            yield remote
    elif workers:
        from sim_server.workers.pool import WorkerPool

        with WorkerPool(policy, workers) as pool:
            yield pool
    else:
        from sim_server.corrector import Corrector as PhysicsCorrector

        with PhysicsCorrector(policy, threads=threads) as local:
            yield local


@contextmanager
def open_scorer(server: str | None, connection: ClientFlags | None = None) -> Iterator[Scorer]:
    """Open the scorer at the address `server`, or one in this process if there is no address.

    Args:
        server: the address; None for a scorer in this process.
        connection: the flags that say how to connect; None for what the environment says.
    """
    if server is not None:
        from motion.rpc.corrector_client import RemoteCorrector

        with RemoteCorrector(server, security=connection and connection.client_security()) as remote:
            yield remote
    else:
        from sim_server.feasibility import Scorer as LocalScorer

        with LocalScorer() as local:
            yield local


def parse_effort(text: str) -> Effort:
    """Parse the value of `--effort`: a name, or one of the whole numbers of older command lines."""
    try:
        return effort_name(int(text) if text.lstrip("-").isdecimal() else text)
    except InvalidInput as error:
        raise InvalidInput.of("--effort", error.violations[0].description) from error


def parse_assist(text: str) -> Assist:
    """Parse the value of `--assist`: auto, none or a number of newtons."""
    if text == "auto" or text == "none":
        return text
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput.of("--assist", f"is {text!r}; must be auto, none or a number of newtons") from error


def read_clean_motions(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> MotionFile:
    """Read the motions at a path that can be corrected; what was guessed or left out is printed to stderr."""
    from motion.formats.files import read_file
    from motion.formats.members import keep_valid
    from sim_server.control_rate import check_correctable

    source = keep_valid(read_file(path, options=options), check_correctable)
    for note in source.named_notes():
        log(f"plumb-sim: {note}")
    return source
