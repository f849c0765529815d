"""The codec holds against a fuzzer that is guided by coverage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from swaying_body import sway

from motion.protocols import CorrectionOptions
from motion.rpc import wire
from motion.v1 import corrector_pb2, generator_pb2

FUZZER = Path(__file__).with_name("codec_fuzzer.py")
_SECONDS = 60


@pytest.mark.slow
def test_no_bytes_break_the_codec(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris is not installed; it has wheels for some platforms alone")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    motion = wire.pack_motion(sway(4, name="a", caption="sways"))
    messages = (
        wire.pack_tensor(np.arange(6, dtype=np.float32).reshape(2, 3)),
        motion,
        wire.pack_options(CorrectionOptions(assist=50.0, max_assist_n=3.0)),
        corrector_pb2.CorrectResponse(motion=motion),
        corrector_pb2.ScoreResponse(),
        corrector_pb2.Trace(),
        generator_pb2.SampleRequest(prompts=["a"], lengths=[40]),
    )
    for number, message in enumerate(messages):
        (corpus / str(number)).write_bytes(bytes([number]) + message.SerializeToString())
    flags = [f"-max_total_time={_SECONDS}", "-seed=1", "-max_len=4096", "-rss_limit_mb=1024", "-timeout=10"]
    command = [sys.executable, str(FUZZER), *flags, f"-artifact_prefix={tmp_path}/", str(corpus)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=4 * _SECONDS)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Done " in ended.stderr
