"""`plumb-sim correct` with `--ray` or `--shard-size`: a corpus of any size into a folder of packed sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from motion.errors import InvalidInput
from motion.protocols import CorrectionOptions
from motion.shell.command import DONE, DONE_WITH_FAILURES, log, progress_bar
from sim_server.commands.correctors import open_corrector

if TYPE_CHECKING:
    from sim_server.cluster.shard_executor import ShardExecutor
    from sim_server.commands.correct_command import Correct

DEFAULT_SHARD_SIZE = 64
"""Motions in a shard: some minutes of one core, and a few megabytes."""
_OF_FILES = ("overwrite", "rig", "trace", "view")


def correct_into_shards(flags: Correct, options: CorrectionOptions) -> int:
    """Correct the inputs of the command into a folder of packed sets, and return the exit status.

    Args:
        flags: the flags of the command.
        options: how to correct.

    Raises:
        InvalidInput: flags contradict each other, no input can be used, or the folder holds another corpus.
        ServiceUnavailable: there is no cluster, or no server.
    """
    from sim_server.cluster.corpus_folder import CorpusFolder, CorpusWay
    from sim_server.cluster.corpus_run import correct_corpus
    from sim_server.cluster.corpus_shards import CorpusReader

    for name in _OF_FILES:
        if getattr(flags, name):
            raise InvalidInput.of(f"--{name}", "is for single files; must be without --ray and --shard-size")
    if flags.ray is not None and flags.server is not None:
        raise InvalidInput.of("--ray", "is given with --server; must be one of them")
    size = DEFAULT_SHARD_SIZE if flags.shard_size is None else flags.shard_size
    reader = CorpusReader(flags.inputs, flags.read_options())
    shards = reader.shards(size)
    with _executor(flags) as executor, progress_bar("motions") as progress:
        way = CorpusWay.of(executor.describe(), options, flags.seed, size)
        summary = correct_corpus(shards, CorpusFolder(flags.out, way), executor, flags.seed, options, progress)
    for note in reader.notes:
        log(f"plumb-sim: {note}")
    log(str(summary))
    log(f"written to {flags.out}")
    if flags.json:
        print(json.dumps({"summary": summary.to_json(), "notes": reader.notes}, indent=1))
    return DONE_WITH_FAILURES if summary.failed or reader.unreadable else DONE


@contextmanager
def _executor(flags: Correct) -> Iterator[ShardExecutor]:
    if flags.ray is not None:
        from sim_server.cluster.ray_executor import RayExecutor, policy_for_nodes

        with RayExecutor(flags.ray, policy_for_nodes(flags.policy)) as cluster:
            yield cluster
        return
    from sim_server.cluster.shard_executor import CorrectorExecutor

    with open_corrector(flags.server, flags.policy, flags.threads, flags, flags.workers, flags.priority) as corrector:
        with CorrectorExecutor(corrector) as executor:
            yield executor
