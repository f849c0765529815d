"""What several commands need: the corrector that the flags name, the assist limit, and clean motions from files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import Assist, Corrector
from motion.shell.command import log


@contextmanager
def open_corrector(server: str | None, policy: str, threads: int) -> Iterator[Corrector]:
    """Open the corrector at the address `server`, or one in this process if there is no address."""
    if server is not None:
        from motion.rpc.corrector_client import RemoteCorrector

        with RemoteCorrector(server) as remote:
            yield remote
    else:
        from sim_server.corrector import Corrector as PhysicsCorrector

        with PhysicsCorrector(policy, threads=threads) as local:
            yield local


def parse_assist(text: str) -> Assist:
    """Parse the value of `--assist`: auto, none or a number of newtons."""
    if text == "auto" or text == "none":
        return text
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput.of("--assist", f"is {text!r}; must be auto, none or a number of newtons") from error


def read_clean_motions(path: Path) -> Sequence[Motion]:
    """Read the motions at a path and check them; what had to be left out is printed to stderr."""
    from motion.formats.files import read_file
    from motion.validation import check_each
    from sim_server.correction import check_correctable

    source = read_file(path)
    for note in source.notes:
        log(note)
    motions = list(check_each(source.motions, check_correctable, str(path)))
    if not motions:
        raise InvalidInput.of(str(path), "holds no motions; must hold at least one")
    return motions
