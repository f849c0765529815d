"""The part of Stable-Baselines3's interface that is the same for all vectorized environments of equal bodies."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.vec_env import VecEnv


class UniformVecEnv(VecEnv):
    """A vectorized environment whose bodies share all attributes and methods."""

    render_mode = None

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return the shared attribute, once for each of the bodies asked for."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set the attribute of all bodies."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Call the shared method once, and return its result for each of the bodies asked for."""
        return [getattr(self, method_name)(*args, **kwargs)] * len(list(self._get_indices(indices)))

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for each of the bodies asked for; none is wrapped."""
        return [False] * len(list(self._get_indices(indices)))
