"""Optional dependencies: which extra of the package brings which module, and the error that names it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from motion.errors import PlumbError

DISTRIBUTION = "plumb-motion"

_PURPOSES = {
    "sim": "the physics corrector",
    "train": "training a policy",
    "generator": "the motion generator",
    "clip": "the CLIP and DistilBERT text encoders",
    "loop": "the loop client",
    "movie": "drawing a movie",
    "fbx": "reading .fbx files",
    "ray": "working on a Ray cluster",
    "http": "answering over HTTP",
    "trace": "tracing of calls",
}
# By the package that imports the module: the same module comes with several extras.
EXTRAS = {
    "sim_server": {
        **dict.fromkeys(("mujoco", "numba", "opentelemetry", "prometheus_client", "psutil", "safetensors"), "sim"),
        **dict.fromkeys(("gymnasium", "stable_baselines3", "torch", "tensorboard"), "train"),
        "ray": "ray",
    },
    "generator": {
        **dict.fromkeys(("torch", "diffusers", "safetensors", "tensorboard"), "generator"),
        **dict.fromkeys(("opentelemetry", "prometheus_client", "psutil"), "generator"),
        "transformers": "clip",
        "ray": "ray",
    },
    "loop_client": {
        **dict.fromkeys(("torch", "diffusers", "safetensors", "tensorboard", "sklearn", "matplotlib", "PIL"), "loop"),
        "ray": "ray",
    },
    "motion": {
        **dict.fromkeys(("matplotlib", "PIL"), "movie"),
        **dict.fromkeys(("opentelemetry", "prometheus_client", "psutil"), "sim"),
        "ufbx": "fbx",
        "aiohttp": "http",
        "ray": "ray",
    },
}
"""For each package, the extras that bring the optional modules that it imports."""


class MissingExtra(PlumbError, ImportError):
    """A module of an optional dependency is not installed; the text names the command that installs it."""


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """Explain a failed import.

    Args:
        error: the failed import, with its traceback.

    Returns:
        An error that names the extra to install; None where the module comes with no extra, or is installed and the
        import failed inside it.
    """
    module = (error.name or "").partition(".")[0]
    packages = _importing_packages(error.__traceback__)
    # A shared module of `motion` is imported on behalf of the package that called it.
    for package in [*(package for package in reversed(packages) if package != "motion"), "motion"]:
        extra = EXTRAS[package].get(module)
        if extra and importlib.util.find_spec(module) is None:
            return MissingExtra(
                f"the module {module!r} is not installed; {_PURPOSES[extra]} needs it: "
                f"pip install '{DISTRIBUTION}[{extra}]'"
            )
    return None


@contextmanager
def explained_imports() -> Iterator[None]:
    """Raise a `MissingExtra` for an import in the block that fails because an extra is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        raise missing from error


def _importing_packages(traceback: TracebackType | None) -> list[str]:
    """Return the packages of ours that the failed import passed through, from the program down to the import."""
    below, above = [], []
    caller = traceback.tb_frame.f_back if traceback else None
    while traceback:
        below.append(traceback.tb_frame)
        traceback = traceback.tb_next
    while caller:
        above.append(caller)
        caller = caller.f_back
    names = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in [*reversed(above), *below]]
    return [name for name in names if name in EXTRAS]
