"""What is measured on a GPU runs on a CPU too, where the bytes must hold as well."""

from __future__ import annotations

import json

import pytest

from generator.gpu_measurement import main

SMALL = ["width=16", "heads=2", "ff=16", "layers=1", "diffusion_steps=20", "batch=2"]


def test_the_measurement_prints_one_document_in_which_all_bytes_agree(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.gpu_measurement._CLIENTS", 3)
    # The benchmark has tests of its own.
    monkeypatch.setattr("generator.gpu_measurement.run_benchmark", lambda *_, **__: {"device": "cpu"})
    main(["--device", "cpu", "--batch", "1", "--no-compile", "--set", *SMALL])
    found = json.loads(capsys.readouterr().out)
    assert found["samples_have_the_same_bytes_in_company"] is True
    assert found["resumed_training_has_the_same_bytes_plain"] is True
    assert found["resumed_training_has_the_same_bytes_bfloat16_fused"] is True
    assert all(value > 0 for value in found["motions_per_s"].values())
    assert found["bench"] == {"device": "cpu"}
