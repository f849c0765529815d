"""The actor and critic networks, and PPO (Schulman et al., "Proximal policy optimization algorithms", 2017) on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from motion.errors import InvalidInput
from sim_server.learning.training_recipe import PpoRecipe
from sim_server.policies.learned_policy import CLIP_RANGE


class FixedNormalization(BaseFeaturesExtractor):
    """Normalization of observations by statistics that do not change during training.

    Args:
        observation_space: space of the observations.
        mean: (OBSERVATION_SIZE,) means.
        scale: (OBSERVATION_SIZE,) inverse standard deviations.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, observation_space: Any, mean: np.ndarray, scale: np.ndarray):
        super().__init__(observation_space, len(mean))
        self.register_buffer("mean", torch.as_tensor(mean))
        self.register_buffer("scale", torch.as_tensor(scale))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Normalize observations (n, OBSERVATION_SIZE) and clip them."""
        return ((observations - self.mean) * self.scale).clamp(-CLIP_RANGE, CLIP_RANGE)


class ImitationPPO(PPO):
    """PPO with exploration noise that is set, not learned, and separate learning rates of actor and critic.

    The actor's rate follows how far the policy moves: it grows where the policy moved less than the target divergence
    and falls where it moved more (as the penalty in Heess et al., "Emergence of locomotion behaviours in rich
    environments", 2017). The critic's rate is constant, so that an actor that moves little does not keep the critic
    from learning.

    Args:
        env: the vectorized environment.
        recipe: hyperparameters.
        mean: (OBSERVATION_SIZE,) means of the observations.
        scale: (OBSERVATION_SIZE,) inverse standard deviations of the observations.
        seed: seed of the initial weights.
    """

    def __init__(self, env: VecEnv, recipe: PpoRecipe, mean: np.ndarray, scale: np.ndarray, seed: int):
        self.actor_rate = recipe.start_rate
        self._recipe = recipe
        super().__init__(
            "MlpPolicy",
            env,
            learning_rate=recipe.start_rate,
            n_steps=recipe.horizon,
            batch_size=recipe.minibatch,
            n_epochs=recipe.epochs,
            gamma=recipe.gamma,
            gae_lambda=recipe.gae_lambda,
            clip_range=recipe.clip,
            vf_coef=recipe.value_weight,
            ent_coef=0.0,
            max_grad_norm=1.0,
            policy_kwargs={
                "net_arch": {"pi": [recipe.width] * 2, "vf": [recipe.width] * 2},
                "activation_fn": nn.ELU,
                "features_extractor_class": FixedNormalization,
                "features_extractor_kwargs": {"mean": mean, "scale": scale},
            },
            seed=seed,
            device="cpu",
        )
        self.policy.log_std.requires_grad_(False)
        critic = [*self.policy.mlp_extractor.value_net.parameters(), *self.policy.value_net.parameters()]
        actor = [*self.policy.mlp_extractor.policy_net.parameters(), *self.policy.action_net.parameters()]
        self.policy.optimizer = torch.optim.Adam([{"params": actor}, {"params": critic}], eps=1e-5)

    def set_noise(self, deviation: float) -> None:
        """Set the standard deviation of the exploration noise on every number of an action."""
        with torch.no_grad():
            self.policy.log_std.fill_(math.log(deviation))

    def adapt_actor_rate(self) -> None:
        """Adapt the actor's learning rate to the divergence of the last iteration, if there was one."""
        divergence, recipe = self.logger.name_to_value.get("train/approx_kl"), self._recipe
        if not divergence:
            return
        if divergence > 1.5 * recipe.target_kl:
            self.actor_rate = max(self.actor_rate / 1.3, recipe.least_rate)
        elif divergence < recipe.target_kl / 1.5:
            self.actor_rate = min(self.actor_rate * 1.3, recipe.most_rate)

    def _update_learning_rate(self, optimizers: Any) -> None:
        self.logger.record("train/learning_rate", self.actor_rate)
        actor, critic = self.policy.optimizer.param_groups
        actor["lr"], critic["lr"] = self.actor_rate, self._recipe.value_rate

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights and the optimizer's moments, from which training can go on."""
        tensors = {f"policy.{name}": value.clone() for name, value in self.policy.state_dict().items()}
        for index, moments in self.policy.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        return tensors

    def load_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        """Load the weights and moments that `tensors` returned."""
        moments: dict[int, dict[str, torch.Tensor]] = {}
        weights = {}
        for key, value in tensors.items():
            kind, rest = key.split(".", 1)
            if kind == "policy":
                weights[rest] = value
            else:
                index, name = rest.split(".", 1)
                moments.setdefault(int(index), {})[name] = value
        self.policy.load_state_dict(weights)
        self.policy.optimizer.load_state_dict({**self.policy.optimizer.state_dict(), "state": moments})

    def begin_as(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take over the actor of a policy; numbers that it does not observe have no influence at first.

        Args:
            tensors: as `LearnedPolicy` takes them.

        Raises:
            InvalidInput: its layers have other sizes than those of the recipe.
        """
        own = self.actor()
        whole = {name: np.array(value, np.float32) for name, value in tensors.items()}
        seen = len(whole["mean"])
        whole["mean"] = np.concatenate([whole["mean"], own["mean"][seen:]])
        whole["scale"] = np.concatenate([whole["scale"], own["scale"][seen:]])
        whole["weight0"] = np.pad(whole["weight0"], [(0, 0), (0, len(own["mean"]) - seen)])
        theirs, ours = ({name: value.shape for name, value in each.items()} for each in (whole, own))
        if theirs != ours:
            raise InvalidInput.of("start", f"is a policy with layers {theirs}; must have {ours}")
        with torch.no_grad():
            for name, value in self._actor_parameters().items():
                value.copy_(torch.from_numpy(whole[name]))

    def actor(self) -> dict[str, np.ndarray]:
        """Return the tensors of the actor, as `LearnedPolicy` takes them."""
        parameters = self._actor_parameters()
        return {name: value.detach().numpy().astype(np.float32).copy() for name, value in parameters.items()}

    def _actor_parameters(self) -> dict[str, torch.Tensor]:
        layers = [layer for layer in self.policy.mlp_extractor.policy_net if isinstance(layer, nn.Linear)]
        layers.append(self.policy.action_net)  # pyright: ignore[reportArgumentType]
        normalization = self.policy.features_extractor
        assert isinstance(normalization, FixedNormalization)
        tensors = {"mean": normalization.mean, "scale": normalization.scale}
        for index, layer in enumerate(layers):
            tensors |= {f"weight{index}": layer.weight, f"bias{index}": layer.bias}
        return tensors
