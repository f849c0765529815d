"""A corpus in shards: the bytes of the corrector itself, in files that are whole or absent, resumed where it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.errors import InvalidInput, NotFound, ServiceUnavailable
from motion.formats.files import read_file
from motion.formats.packed import read_packed, read_reports, write_packed
from motion.motion import Motion
from motion.motion_set import MotionSet
from motion.protocols import CorrectionOptions, CorrectorInfo
from motion.report import Correction
from motion.rpc.corrector_client import RemoteCorrector
from motion.rpc.server import serving
from sim_server.cli import main
from sim_server.cluster.corpus_folder import CorpusFolder, CorpusWay
from sim_server.cluster.corpus_run import CorpusSummary, correct_corpus
from sim_server.cluster.corpus_shards import CorpusReader
from sim_server.cluster.shard_executor import CorrectorExecutor
from sim_server.service import services

OPTIONS = CorrectionOptions()


class _Executor:
    """Corrects at once, in a thread of the caller, until it has done as many shards as a test wants."""

    window = 2

    def __init__(self, shards: int = 1000):
        self.corrector = SmoothingCorrector()
        self.left = shards

    def describe(self) -> CorrectorInfo:
        return self.corrector.describe()

    def submit(self, motions: Sequence[Motion], seed: int, options: CorrectionOptions) -> Future[list[Correction]]:
        answer: Future[list[Correction]] = Future()
        self.left -= 1
        if self.left < 0:
            answer.set_exception(ServiceUnavailable("the cluster went away"))
        else:
            answer.set_result(self.corrector.correct(motions, seed, options))
        return answer


def _set(count: int, prefix: str = "m") -> MotionSet:
    motions = [replace(sway(frames=20 + i), name=f"{prefix}{i}") for i in range(count)]
    return MotionSet(tuple(motions), tuple(((f"caption {i}",)) for i in range(count)))


def _run(inputs: Sequence[Path], out: Path, executor: _Executor | CorrectorExecutor, size: int = 3) -> CorpusSummary:
    way = CorpusWay.of(executor.describe(), OPTIONS, 5, size)
    return correct_corpus(CorpusReader(inputs).shards(size), CorpusFolder(out, way), executor, 5, OPTIONS)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def _status(arguments: list[str]) -> int:
    """Run `plumb-sim`, and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.fixture
def inputs(tmp_path: Path) -> list[Path]:
    """Two packed sets, of 7 and 4 motions; some names are in both."""
    for name, count in (("a", 7), ("b", 4)):
        write_packed(tmp_path / name, _set(count))
    return [tmp_path / "a.npz", tmp_path / "b.npz"]


def test_shards_hold_what_the_corrector_returns_in_the_order_of_the_inputs(inputs: list[Path], tmp_path: Path) -> None:
    summary = _run(inputs, tmp_path / "out", _Executor())
    sets = [read_packed(file) for file in sorted((tmp_path / "out").glob("shard-*.npz"))]
    motions = [motion for each in inputs for motion in read_packed(each)]
    expected = SmoothingCorrector().correct(motions, 5, OPTIONS)
    assert [motion.name for each in sets for motion in each] == [motion.name for motion in motions]
    written = [motion.positions for each in sets for motion in each]
    assert all(np.array_equal(a, b.motion.positions) for a, b in zip(written, expected, strict=True))
    reports = [
        report for file in sorted((tmp_path / "out").glob("shard-*.npz")) for report in read_reports(file).values()
    ]
    assert reports == [correction.report for correction in expected]
    assert (summary.motions, summary.shards, summary.kept_shards) == (11, len(sets), 0)
    assert sets[0].captions[1] == ("caption 1",) and sets[-1].metadata[0]["source"] == str(inputs[1])
    assert max(map(len, sets)) == 3


def test_a_name_that_occurs_again_begins_a_new_shard(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_packed(tmp_path / name, _set(2))
    shards = list(CorpusReader([tmp_path / "a", tmp_path / "b"]).shards(10))
    assert [shard.ids for shard in shards] == [["m0", "m1"], ["m0", "m1"]]


def test_a_run_that_was_cut_off_ends_as_it_would_have(inputs: list[Path], tmp_path: Path) -> None:
    whole = _run(inputs, tmp_path / "whole", _Executor())
    with pytest.raises(ServiceUnavailable):
        _run(inputs, tmp_path / "cut", _Executor(shards=2))
    there = list((tmp_path / "cut").glob("shard-*.npz"))
    assert 0 < len(there) < whole.shards
    (tmp_path / "cut" / "shard-000003.json").write_text("{}")  # its shard was not written any more
    executor = _Executor()
    again = _run(inputs, tmp_path / "cut", executor)
    assert _bytes(tmp_path / "cut") == _bytes(tmp_path / "whole")
    assert again.kept_shards == len(there) and 1000 - executor.left == whole.shards - len(there)
    assert again.to_json() == {**whole.to_json(), "kept_shards": len(there)}


def test_a_folder_takes_no_other_corpus(inputs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    _run(inputs, out, _Executor())
    before = _bytes(out)
    with pytest.raises(InvalidInput, match="shard_size 3 and not 4"):
        _run(inputs, out, _Executor(), size=4)
    with pytest.raises(InvalidInput, match="made of other motions"):
        _run(inputs[::-1], out, _Executor())
    assert _bytes(out) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(InvalidInput, match="holds other files"):
        _run(inputs, tmp_path / "other", _Executor())
    with pytest.raises(InvalidInput, match="is a file"):
        _run(inputs, inputs[0], _Executor())


def test_inputs_that_cannot_be_used_are_left_out_and_told(inputs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "bad.bvh").write_text("nothing")
    bad = replace(sway(), positions=np.full((20, 22, 3), np.nan, np.float32), name="nan")
    write_packed(tmp_path / "c", MotionSet((bad, replace(sway(), name="good")), ((), ())))
    reader = CorpusReader([tmp_path / "bad.bvh", inputs[1], tmp_path / "c"])
    assert sum(map(len, reader.shards(64))) == 5
    assert reader.unreadable == 2 and len(reader.notes) >= 2
    with pytest.raises(NotFound):
        list(CorpusReader([tmp_path / "absent"]).shards(64))
    with pytest.raises(InvalidInput, match="at least 1"):
        list(CorpusReader(inputs).shards(0))


def test_a_corpus_through_a_service_has_the_bytes_of_one_in_this_process(inputs: list[Path], tmp_path: Path) -> None:
    with CorrectorExecutor(SmoothingCorrector()) as executor:
        _run(inputs, tmp_path / "here", executor)
    with serving(services(SmoothingCorrector())) as address, RemoteCorrector(address) as remote:
        with CorrectorExecutor(remote) as executor:
            _run(inputs, tmp_path / "there", executor)
    assert _bytes(tmp_path / "here") == _bytes(tmp_path / "there")


def test_no_more_shards_are_under_way_than_the_executor_wants(inputs: list[Path], tmp_path: Path) -> None:
    asked = []

    class Counting(_Executor):
        def submit(self, motions: Sequence[Motion], seed: int, options: CorrectionOptions) -> Future[list[Correction]]:
            asked.append([shard for shard in (tmp_path / "out").glob("shard-*.npz")])
            return super().submit(motions, seed, options)

    _run(inputs, tmp_path / "out", Counting(), size=1)
    assert all(index - len(done) < Counting.window for index, done in enumerate(asked))


def test_the_command_writes_shards_and_goes_on_where_it_ended(
    inputs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["correct", *map(str, inputs), "--out", str(tmp_path / "out"), "--effort", "kinematic", "--json"]
    assert _status([*command, "--shard-size", "4"]) == 0
    before = _bytes(tmp_path / "out")
    (tmp_path / "out" / "shard-000001.npz").unlink()
    capsys.readouterr()
    assert _status([*command, "--shard-size", "4"]) == 0
    assert _bytes(tmp_path / "out") == before
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["motions"], summary["kept_shards"]) == (11, summary["shards"] - 1)
    assert len(read_file(tmp_path / "out/shard-000000.npz").motions) == 4
    assert _status([*command, "--shard-size", "4", "--trace", str(tmp_path / "t")]) == 2
    assert _status([*command, "--ray", "local", "--server", "127.0.0.1:1"]) == 2
