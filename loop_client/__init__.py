"""Self-consuming loops: strategies, recipes, runs and their evaluation, and the clients of both services."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motion.rpc.async_corrector_client import AsyncRemoteCorrector
    from motion.rpc.async_generator_client import AsyncRemoteGenerator
    from motion.rpc.corrector_client import RemoteCorrector
    from motion.rpc.generator_client import RemoteGenerator

__all__ = ["AsyncRemoteCorrector", "AsyncRemoteGenerator", "RemoteCorrector", "RemoteGenerator"]

_MODULES = {
    "AsyncRemoteCorrector": "motion.rpc.async_corrector_client",
    "AsyncRemoteGenerator": "motion.rpc.async_generator_client",
    "RemoteCorrector": "motion.rpc.corrector_client",
    "RemoteGenerator": "motion.rpc.generator_client",
}


def __getattr__(name: str) -> Any:
    # gRPC takes long to import, and help texts do without it.
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
