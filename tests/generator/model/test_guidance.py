"""Classifier-free guidance and frame masks, which must hold for any weights of the network."""

from __future__ import annotations

import pytest
import torch

from generator.model.guidance import predict_guided
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
    """Arguments x, time, text and valid of a batch of three."""
    drawn = torch.Generator().manual_seed(1)
    x, text = torch.randn(3, 20, FEATURES, generator=drawn), torch.randn(3, 512, generator=drawn)
    valid = torch.arange(20)[None] < torch.tensor([20, 9, 14])[:, None]
    return x, torch.tensor([0, 3, 7]), TextBatch.from_vectors(text), valid


@torch.inference_mode()
def test_guidance_extrapolates_from_the_unconditional_prediction(model: MDM, request_of_three: Request) -> None:
    x, time, text, valid = request_of_three
    conditional, unconditional = model(x, time, text, valid), model(x, time, text.unconditional(), valid)
    for scale in (0.0, 1.0, 2.5):
        expected = unconditional + scale * (conditional - unconditional)
        torch.testing.assert_close(predict_guided(model, x, time, text, valid, scale), expected, rtol=0, atol=1e-5)
    scales = torch.tensor([0.0, 1.0, 2.5])
    expected = unconditional + scales[:, None, None] * (conditional - unconditional)
    torch.testing.assert_close(predict_guided(model, x, time, text, valid, scales), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_predictions_do_not_depend_on_padding_or_other_samples(model: MDM, request_of_three: Request) -> None:
    x, time, text, valid = request_of_three
    whole = model(x, time, text, valid)
    noisy = torch.where(valid[..., None], x, 100 * torch.ones_like(x))
    torch.testing.assert_close(model(noisy, time, text, valid)[valid], whole[valid], rtol=0, atol=1e-5)
    for row, length in enumerate(valid.sum(1)):
        one = slice(row, row + 1)
        alone = model(x[one, :length], time[one], TextBatch.from_vectors(text.tokens[one, 0]))
        torch.testing.assert_close(alone[0], whole[row, :length], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_a_large_batch_is_predicted_like_its_samples_alone(model: MDM) -> None:
    drawn = torch.Generator().manual_seed(2)
    x, text = torch.randn(11, 20, FEATURES, generator=drawn), torch.randn(11, 512, generator=drawn)
    time, valid = torch.arange(11), torch.arange(20)[None] < torch.arange(9, 20)[:, None]
    for scale in (2.5, torch.linspace(0, 3, 11)):
        whole = predict_guided(model, x, time, TextBatch.from_vectors(text), valid, scale)
        for row in range(11):
            one = slice(row, row + 1)
            each = scale[one] if isinstance(scale, torch.Tensor) else scale
            alone = predict_guided(model, x[one], time[one], TextBatch.from_vectors(text[one]), valid[one], each)
            torch.testing.assert_close(whole[one], alone, rtol=0, atol=1e-5)
