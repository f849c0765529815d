"""Self-consuming loops: strategies, recipes, runs and their evaluation, and the clients of both services."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motion.rpc.corrector_client import RemoteCorrector
    from motion.rpc.generator_client import RemoteGenerator

__all__ = ["RemoteCorrector", "RemoteGenerator"]


def __getattr__(name: str) -> Any:
    # gRPC takes long to import, and help texts do without it.
    if name == "RemoteCorrector":
        from motion.rpc.corrector_client import RemoteCorrector

        return RemoteCorrector
    if name == "RemoteGenerator":
        from motion.rpc.generator_client import RemoteGenerator

        return RemoteGenerator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
