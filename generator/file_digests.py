"""Digests of stored files, which tell damage from content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK_BYTES = 2**20


def files_digest(paths: Sequence[Path]) -> str:
    """Compute a hexadecimal digest of the contents of files, in their order.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.stat().st_size.to_bytes(8, "little"))
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def tensors_digest(tensors: Mapping[str, Tensor], step: int) -> str:
    """Compute a hexadecimal digest of named tensors and the number of a step."""
    digest = hashlib.sha256(str(step).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.reshape(-1).numpy().tobytes())
    return digest.hexdigest()
