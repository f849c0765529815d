"""Our transformer layers against torch's own, with the same weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from generator.model.mdm import FEATURES, MDM
from generator.model.transformer import DecoderLayer, EncoderLayer
from generator.text.text_batch import TextBatch

WIDTH, HEADS, FF = 32, 4, 64
VALID = torch.arange(20)[None] < torch.tensor([20, 9, 14])[:, None]
SHOWN = torch.arange(6)[None] < torch.tensor([3, 6, 2])[:, None]


def perturbed(module):
    """Return the module with noise added to its weights, so that none is zero or one."""
    drawn = torch.Generator().manual_seed(0)
    for weight in module.parameters():
        weight.data += 0.1 * torch.randn(weight.shape, generator=drawn)
    return module.eval()


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_our_encoder_layer_equals_that_of_torch() -> None:
    theirs = perturbed(nn.TransformerEncoderLayer(WIDTH, HEADS, FF, activation="gelu", batch_first=True))
    ours = EncoderLayer(WIDTH, HEADS, FF, dropout=0.1).eval()
    ours.load_state_dict(theirs.state_dict())
    x = drawn(3, 20, WIDTH)
    expected = theirs(x, src_key_padding_mask=~VALID)
    torch.testing.assert_close(ours(x, VALID[:, None, None])[VALID], expected[VALID], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_our_decoder_layer_equals_that_of_torch() -> None:
    theirs = perturbed(nn.TransformerDecoderLayer(WIDTH, HEADS, FF, activation="gelu", batch_first=True))
    ours = DecoderLayer(WIDTH, HEADS, FF, dropout=0.1).eval()
    ours.load_state_dict(theirs.state_dict())
    x, memory = drawn(3, 20, WIDTH), drawn(3, 6, WIDTH)
    expected = theirs(x, memory, tgt_key_padding_mask=~VALID, memory_key_padding_mask=~SHOWN)
    found = ours(x, VALID[:, None, None], memory, SHOWN[:, None, None])
    torch.testing.assert_close(found[VALID], expected[VALID], rtol=0, atol=1e-5)


@pytest.mark.parametrize("arch", ["trans_dec", "trans_dec_emb"])
@torch.inference_mode()
def test_a_decoder_attends_to_the_tokens_of_its_text_but_not_to_padding(arch: str) -> None:
    model = perturbed(MDM(2, WIDTH, HEADS, FF, mask_frames=True, arch=arch, text_dim=48))
    tokens = drawn(3, 6 if arch == "trans_dec" else 1, 48)
    shown = SHOWN[:, : tokens.shape[1]]
    x, time = drawn(3, 20, FEATURES), torch.tensor([0, 3, 7])
    predicted = model(x, time, TextBatch(tokens, shown), VALID)
    assert predicted.shape == x.shape and predicted.isfinite().all()
    noisy = torch.where(shown[..., None], tokens, 100.0)
    torch.testing.assert_close(model(x, time, TextBatch(noisy, shown), VALID), predicted)
    assert (model(x, time, TextBatch(tokens + 1, shown), VALID) - predicted).abs().max() > 1e-3
    assert (model(x, time + 5, TextBatch(tokens, shown), VALID) - predicted).abs().max() > 1e-3


@torch.inference_mode()
def test_the_network_in_bfloat16_predicts_nearly_the_same() -> None:
    model = perturbed(MDM(2, WIDTH, HEADS, FF))
    request = drawn(3, 20, FEATURES), torch.tensor([0, 3, 7]), TextBatch.from_vectors(drawn(3, 512))
    exact = model(*request)
    rough = model.to(torch.bfloat16)(*request)
    assert rough.dtype == torch.float32
    assert (rough - exact).norm() < 0.02 * exact.norm()
