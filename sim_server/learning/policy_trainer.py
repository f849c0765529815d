"""Trains a policy in chapters, in a folder with checkpoints, the training curve and the policy.

Every chapter begins with a reset from seeds of its own, so that a run that was killed continues to the same curve.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import stable_baselines3
import torch
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save_file as save_tensors
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecEnv

from motion import __version__
from motion.errors import InvalidInput
from motion.motion import Motion
from motion.protocols import CorrectionOptions
from motion.shell.atomic import atomic_path
from motion.shell.provenance import source_commit
from sim_server.corrector import Corrector
from sim_server.evaluation.evaluate import evaluate
from sim_server.learning.actor_critic import ImitationPPO
from sim_server.learning.clips import Clip
from sim_server.learning.environment import ImitationVecEnv
from sim_server.learning.training_recipe import TrainingRecipe
from sim_server.learning.workers import ParallelVecEnv
from sim_server.policies.learned_policy import LearnedPolicy
from sim_server.policies.observation import ACTION_SIZE
from sim_server.policies.policy_folder import write_policy
from sim_server.policies.policy_store import load_policy

_REWARD_GAIN = 2.0  # times (1 - gamma), which brings returns to about 1
_STATISTICS_STEPS = 40
_SMALLEST_DEVIATION = 0.05
_CHECKPOINTS_KEPT = 2
_CURVE, _STATE, _POLICY = "curve.jsonl", "state.json", "policy"
_EPISODE_MEANS = ("r", "l", "failed", "force", "distance", "limit")
_HELD_OUT_VALUES = ("completed_share", "over_100_n_share", "mpjpe_global_mm", "mpjpe_local_mm")
_HELD_OUT_MEANS = ("residual_force_n", "residual_torque_nm", "phys_err_mm")


def trained_steps(folder: Path) -> int:
    """Return the control steps of the last checkpoint in a run's folder; 0 if there is none."""
    state = folder / _STATE
    return int(json.loads(state.read_text())["steps"]) if state.exists() else 0


def rollout_steps(recipe: TrainingRecipe, workers: int) -> int:
    """Return the control steps of one rollout of all bodies, the smallest unit of training."""
    return _bodies_per_worker(recipe, workers) * workers * recipe.ppo.horizon


def planned_steps(recipe: TrainingRecipe, workers: int, trained: int = 0) -> int:
    """Return the control steps at which a run will end: those of the recipe, rounded up to whole rollouts.

    Args:
        recipe: recipe of the run.
        workers: number of worker processes.
        trained: control steps that the run has trained for already.
    """
    rollout = rollout_steps(recipe, workers)
    return trained + -(-max(recipe.steps - trained, 0) // rollout) * rollout


def measure_observations(env: VecEnv, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Measure the mean and the inverse standard deviation of each observed number under small random actions."""
    env.seed(seed)
    observations = [np.asarray(env.reset())]
    rng = np.random.default_rng(seed)
    for _ in range(_STATISTICS_STEPS):
        env.step_async(rng.normal(0, 0.2, (env.num_envs, ACTION_SIZE)).astype(np.float32))
        observations.append(np.asarray(env.step_wait()[0]))
    stacked = np.concatenate(observations)
    return stacked.mean(0), 1 / np.maximum(stacked.std(0), _SMALLEST_DEVIATION)


class PolicyTrainer:
    """Trains a policy in a folder; continues the run that is in it.

    Args:
        recipe: recipe of the run.
        clips: clips to imitate.
        folder: folder of the run.
        workers: number of processes that simulate, which share the bodies, and of threads that learn.
        stages: the recipes of the run and the step from which each applied; written to the policy's card.
        held_out: motions that the policy corrects from time to time.

    Attributes:
        steps: control steps trained so far.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        clips: Sequence[Clip],
        folder: Path,
        workers: int = 1,
        stages: Sequence[dict[str, Any]] = (),
        held_out: Sequence[Motion] = (),
    ):
        self.recipe, self.folder, self._workers, self._stages = recipe, folder, workers, list(stages)
        self._held_out = held_out
        torch.set_num_threads(workers)

        make = partial(
            ImitationVecEnv,
            clips,
            _bodies_per_worker(recipe, workers),
            recipe.seed,
            recipe.episodes,
            recipe.reward,
            recipe.limits,
            gain=_REWARD_GAIN * (1 - recipe.ppo.gamma),
        )

        self._env = ParallelVecEnv(make, workers) if workers > 1 else make()
        fresh = self._env.curriculum_state()
        mean, scale = measure_observations(self._env, recipe.seed)
        self._env.restore_curriculum(fresh)
        self._ppo = ImitationPPO(self._env, recipe.ppo, mean, scale, recipe.seed)
        self._ppo.set_logger(configure(str(folder / "tensorboard"), ["tensorboard"]))
        self.steps = 0
        if (folder / _STATE).exists():
            self._load()
        elif recipe.start:
            policy = load_policy(recipe.start)
            if not isinstance(policy, LearnedPolicy):
                raise InvalidInput.of("start", f"is {recipe.start!r}, which is not learned; must be a learned policy")
            self._ppo.begin_as(policy.tensors)

    def run(
        self,
        progress: Callable[[int, int], None] | None = None,
        after_chapter: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """Train up to the recipe's steps and save a checkpoint after each chapter.

        Args:
            progress: called after every control step of all bodies, with the control steps so far and at the end.
            after_chapter: called with the line that each chapter adds to the curve, after the checkpoint.
        """
        end = planned_steps(self.recipe, self._workers, self.steps)
        while self.steps < self.recipe.steps:
            before = self.steps
            line = self._train_chapter((lambda steps: progress(steps, end)) if progress else None)
            if self.recipe.held_out and self.steps // self.recipe.held_out.every_steps > (
                before // self.recipe.held_out.every_steps
            ):
                line["held_out"] = self._evaluate_held_out()
            self._save(line)
            if after_chapter:
                after_chapter(line)
        self._export(self._curve()[-1])

    def close(self) -> None:
        """End the worker processes."""
        self._env.close()

    def _noise(self) -> float:
        """Return the standard deviation of the exploration noise; it falls geometrically once it is not held."""
        ppo = self.recipe.ppo
        share = max(0.0, (self.steps / self.recipe.steps - ppo.noise_held) / (1 - ppo.noise_held))
        return ppo.start_noise ** (1 - share) * ppo.end_noise**share

    def _train_chapter(self, progress: Callable[[int], None] | None) -> dict[str, Any]:
        """Train for a chapter, or until the recipe's steps are reached, and return a line for the curve."""
        seed = self.recipe.seed + 1_000_003 * (1 + self.steps)
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)  # Stable-Baselines3 shuffles its minibatches with it
        self._env.seed(seed)
        self._ppo._last_obs = None  # the chapter begins with a reset
        self._ppo.logger.name_to_value.clear()  # a resumed run does not have the measurements of the last chapter
        noise = self._noise()
        self._ppo.set_noise(noise)
        chapter, start = _Chapter(self._ppo, progress), time.monotonic()
        steps = min(self.recipe.chapter_steps, self.recipe.steps - self.steps)
        self._ppo.learn(steps, callback=chapter, reset_num_timesteps=False, log_interval=10)
        made = self._ppo.num_timesteps - self.steps
        self.steps += made
        return {
            "steps": self.steps,
            "steps_per_second": made / (time.monotonic() - start),
            "rate": self._ppo.actor_rate,
            "noise": noise,
            "episodes": len(chapter.episodes),
            **chapter.means(),
        }

    def _evaluate_held_out(self) -> dict[str, float]:
        """Correct the held-out motions with the current policy, and return the main results."""
        policy = LearnedPolicy(self.recipe.name, self._ppo.actor(), {})
        # Motions that a body can do come back without a simulation otherwise, and would say nothing of the policy.
        options = CorrectionOptions(effort="fast", always_simulate=True)
        with Corrector(policy, threads=torch.get_num_threads()) as corrector:
            result = evaluate(corrector, self._held_out, options=options)
        values = {name: result[name] for name in _HELD_OUT_VALUES}
        values |= {name: result[name]["mean"] for name in _HELD_OUT_MEANS}
        for name, value in values.items():
            self._ppo.logger.record(f"held_out/{name}", value)
        self._ppo.logger.dump(self.steps)
        return values

    def _save(self, line: dict[str, Any]) -> None:
        """Save a checkpoint. `state.json` is written last, because it makes the other files count."""
        tensors = self._ppo.tensors()
        for worker, state in enumerate(self._env.curriculum_state()):
            tensors |= {f"curriculum.{worker}.{name}": torch.as_tensor(value) for name, value in state.items()}
        checkpoint = self.folder / f"{self.steps:010d}.safetensors"
        with atomic_path(checkpoint) as path:
            save_tensors(tensors, path)
        # A run that was killed here may have left a line for steps that are trained again.
        curve = [old for old in self._curve() if old["steps"] < self.steps]
        with atomic_path(self.folder / _CURVE) as path:
            path.write_text("".join(json.dumps(each) + "\n" for each in [*curve, line]))
        self._export(line)
        state = {"steps": self.steps, "rate": self._ppo.actor_rate, "checkpoint": checkpoint.name}
        with atomic_path(self.folder / _STATE) as path:
            path.write_text(json.dumps(state) + "\n")
        for old in sorted(self.folder.glob("0*.safetensors"))[:-_CHECKPOINTS_KEPT]:
            old.unlink()

    def _curve(self) -> list[dict[str, Any]]:
        curve = self.folder / _CURVE
        return [json.loads(line) for line in curve.read_text().splitlines()] if curve.exists() else []

    def _load(self) -> None:
        """Load the last checkpoint."""
        state = json.loads((self.folder / _STATE).read_text())
        tensors = load_tensors(self.folder / state["checkpoint"])
        curricula: dict[int, dict[str, np.ndarray]] = {}
        for key in [key for key in tensors if key.startswith("curriculum.")]:
            _, worker, name = key.split(".")
            curricula.setdefault(int(worker), {})[name] = tensors.pop(key).numpy()
        # The number of workers may have changed; then some curricula are used twice, or not at all.
        workers = range(len(self._env.curriculum_state()))
        self._env.restore_curriculum([curricula[worker % len(curricula)] for worker in workers])
        self._ppo.load_tensors(tensors)
        self._ppo.actor_rate = float(state["rate"])
        self._ppo.num_timesteps = self.steps = int(state["steps"])

    def _export(self, line: dict[str, Any]) -> None:
        """Write the current policy, with the line of the curve in its card."""
        card = {
            "steps": self.steps,
            "curve": line,
            "stages": self._stages,
            "made_by": {
                "version": __version__,
                "commit": source_commit(),
                "mujoco": mujoco.__version__,
                "torch": torch.__version__,
                "stable_baselines3": stable_baselines3.__version__,
            },
        }
        write_policy(self.folder / _POLICY, self.recipe.name, self._ppo.actor(), card)


class _Chapter(BaseCallback):
    """Follows a chapter from step to step, and collects its episodes."""

    def __init__(self, ppo: ImitationPPO, progress: Callable[[int], None] | None) -> None:
        super().__init__()
        self._ppo = ppo
        self.episodes: list[dict[str, float]] = []
        self._progress = progress

    def _on_step(self) -> bool:
        self.episodes += [info["episode"] for info in self.locals["infos"] if "episode" in info]
        if self._progress:
            self._progress(self.num_timesteps)
        return True

    def _on_rollout_start(self) -> None:
        self._ppo.adapt_actor_rate()

    def means(self) -> dict[str, float | None]:
        """Return the means over the episodes that ended in the chapter; None if none did."""
        if not self.episodes:
            return dict.fromkeys(_EPISODE_MEANS)
        return {name: float(np.mean([episode[name] for episode in self.episodes])) for name in _EPISODE_MEANS}


def _bodies_per_worker(recipe: TrainingRecipe, workers: int) -> int:
    return max(1, recipe.ppo.envs // workers)
