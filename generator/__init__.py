"""Generators: motion from words, and training them further."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.generator import DiffusionGenerator

__all__ = ["DiffusionGenerator"]


def __getattr__(name: str) -> Any:
    # Torch and the schedulers take seconds to import, which `plumb-gen --help` can do without.
    if name == "DiffusionGenerator":
        from generator.generator import DiffusionGenerator

        return DiffusionGenerator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
