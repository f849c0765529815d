"""Text-to-motion generators and their training."""

from typing import TYPE_CHECKING, Any

from motion.shell.extras import explained_imports

if TYPE_CHECKING:
    from generator.generator import DiffusionGenerator

__all__ = ["DiffusionGenerator"]


def __getattr__(name: str) -> Any:
    """Import `DiffusionGenerator` when it is first used, because importing torch takes seconds."""
    if name == "DiffusionGenerator":
        with explained_imports():
            from generator.generator import DiffusionGenerator
        return DiffusionGenerator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
