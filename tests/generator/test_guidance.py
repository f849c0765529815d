"""Classifier-free guidance and frame masks: laws of the network whatever its weights."""

from __future__ import annotations

import pytest
import torch

from generator.model.guidance import guided
from generator.model.mdm import FEATURES, MDM
from generator.text.text_batch import TextBatch

Request = tuple[torch.Tensor, torch.Tensor, TextBatch, torch.Tensor]


@pytest.fixture(scope="module")
def model() -> MDM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MDM(layers=2, width=32, heads=4, ff=64, mask_frames=True).eval()


@pytest.fixture(scope="module")
def request_of_three() -> Request:
    """x, time, text, valid."""
    drawn = torch.Generator().manual_seed(1)
    x, text = torch.randn(3, 20, FEATURES, generator=drawn), torch.randn(3, 512, generator=drawn)
    valid = torch.arange(20)[None] < torch.tensor([20, 9, 14])[:, None]
    return x, torch.tensor([0, 3, 7]), TextBatch.of_vectors(text), valid


@torch.inference_mode()
def test_guidance_extrapolates_from_no_text_to_text(model: MDM, request_of_three: Request) -> None:
    x, time, text, valid = request_of_three
    conditional, unconditional = model(x, time, text, valid), model(x, time, text.silent(), valid)
    for scale in (0.0, 1.0, 2.5):
        expected = unconditional + scale * (conditional - unconditional)
        torch.testing.assert_close(guided(model, x, time, text, valid, scale), expected, rtol=0, atol=1e-5)
    scales = torch.tensor([0.0, 1.0, 2.5])
    expected = unconditional + scales[:, None, None] * (conditional - unconditional)
    torch.testing.assert_close(guided(model, x, time, text, valid, scales), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_hidden_frames_and_company_change_nothing(model: MDM, request_of_three: Request) -> None:
    x, time, text, valid = request_of_three
    whole = model(x, time, text, valid)
    noisy = torch.where(valid[..., None], x, 100 * torch.ones_like(x))
    torch.testing.assert_close(model(noisy, time, text, valid)[valid], whole[valid], rtol=0, atol=1e-5)
    for row, length in enumerate(valid.sum(1)):
        one = slice(row, row + 1)
        alone = model(x[one, :length], time[one], TextBatch.of_vectors(text.tokens[one, 0]))
        torch.testing.assert_close(alone[0], whole[row, :length], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_a_large_batch_is_guided_as_its_parts_are(model: MDM) -> None:
    drawn = torch.Generator().manual_seed(2)
    x, text = torch.randn(11, 20, FEATURES, generator=drawn), torch.randn(11, 512, generator=drawn)
    time, valid = torch.arange(11), torch.arange(20)[None] < torch.arange(9, 20)[:, None]
    for scale in (2.5, torch.linspace(0, 3, 11)):
        whole = guided(model, x, time, TextBatch.of_vectors(text), valid, scale)
        for row in range(11):
            one = slice(row, row + 1)
            each = scale[one] if isinstance(scale, torch.Tensor) else scale
            alone = guided(model, x[one], time[one], TextBatch.of_vectors(text[one]), valid[one], each)
            torch.testing.assert_close(whole[one], alone, rtol=0, atol=1e-5)
