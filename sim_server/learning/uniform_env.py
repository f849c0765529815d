"""What Stable-Baselines3 asks of any vectorised environment, where all of its bodies are alike."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.vec_env import VecEnv


class UniformVecEnv(VecEnv):
    """Attributes and methods are those of the whole: one body has no others than the next."""

    render_mode = None

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        return [getattr(self, method_name)(*args, **kwargs)] * len(list(self._get_indices(indices)))

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * len(list(self._get_indices(indices)))
