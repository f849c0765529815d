"""The generator over HTTP: a stream of samples is a JSON document a line, and the same motions as over gRPC."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from dataclasses import replace

import numpy as np
import pytest
from swaying_generator import SwayingGenerator

from generator.service import services
from motion.rpc.generator_client import RemoteGenerator
from motion.rpc.server import ServerSettings, serving

pytest.importorskip("aiohttp", reason="the extra `http` is missing")
SAMPLE = "/motion.v1.GeneratorService/Sample"


def test_samples_are_a_document_a_line(caplog: pytest.LogCaptureFixture) -> None:
    settings = replace(ServerSettings("127.0.0.1:0"), http_port=0)
    prompts, lengths = ["a person sways", "a person waits"], [20, 24]
    with caplog.at_level(logging.INFO, "motion.rpc.server"), serving(services(SwayingGenerator()), settings) as address:
        (url,) = [r.getMessage().removeprefix("HTTP on ") for r in caplog.records if "HTTP on" in r.getMessage()]
        with RemoteGenerator(address) as remote:
            expected = list(remote.sample(prompts, lengths, seed=3))
        answer = _post(f"{url}{SAMPLE}?arrays=lists", {"prompts": prompts, "lengths": lengths, "seed": 3})
        refused = _post(f"{url}{SAMPLE}", {"prompts": prompts, "lengths": lengths, "checkpoint": "none"})
    documents = [json.loads(line) for line in answer.splitlines()]
    assert [document["index"] for document in documents] == [0, 1]
    for document, motion in zip(documents, expected, strict=True):
        positions = np.array(document["motion"]["positions"], np.float32)
        assert positions.tobytes() == motion.positions.tobytes()
    assert json.loads(refused)["code"] == "not_found"


def _post(url: str, document: object) -> bytes:
    request = urllib.request.Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()
