"""A training run, in chapters: each begins from seeds of its own, so that a run which was killed goes on to the same
curve."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import stable_baselines3
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save_file as save_tensors
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecEnv

from motion import __version__
from motion.motion import Motion
from motion.shell.atomic import atomic_group, atomic_path
from motion.shell.provenance import source_commit
from sim_server.corrector import Corrector
from sim_server.evaluation.evaluate import evaluate
from sim_server.learning.actor_critic import ImitationPPO
from sim_server.learning.clips import Clip
from sim_server.learning.environment import ImitationVecEnv
from sim_server.learning.training_recipe import Recipe
from sim_server.learning.workers import WorkerVecEnv
from sim_server.policies.learned_policy import LearnedPolicy
from sim_server.policies.observation import ACTION_SIZE, VERSION

_REWARD_GAIN = 2.0  # over 1 - gamma: returns are about one then
_STATISTICS_STEPS = 40
_SMALLEST_DEVIATION = 0.05
_CHECKPOINTS_KEPT = 2
_CURVE = "curve.jsonl"
_SEEN = ("completed_share", "over_100_n_share", "mpjpe_global_mm", "mpjpe_local_mm")
_SEEN_MEANS = ("residual_force_n", "residual_torque_nm", "phys_err_mm")


def observation_statistics(env: VecEnv, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 1 / deviation of each observed number under small random actions."""
    env.seed(seed)
    seen = [np.asarray(env.reset())]
    rng = np.random.default_rng(seed)
    for _ in range(_STATISTICS_STEPS):
        env.step_async(rng.normal(0, 0.2, (env.num_envs, ACTION_SIZE)).astype(np.float32))
        seen.append(np.asarray(env.step_wait()[0]))
    stacked = np.concatenate(seen)
    return stacked.mean(0), 1 / np.maximum(stacked.std(0), _SMALLEST_DEVIATION)


class _Chapter(BaseCallback):
    """Follows a chapter from iteration to iteration, and gathers what its episodes came to."""

    model: ImitationPPO

    def __init__(self) -> None:
        super().__init__()
        self.episodes: list[dict[str, float]] = []

    def _on_step(self) -> bool:
        self.episodes += [info["episode"] for info in self.locals["infos"] if "episode" in info]
        return True

    def _on_rollout_start(self) -> None:
        self.model.follow_divergence()

    def means(self) -> dict[str, float]:
        names = ("r", "l", "failed", "force", "distance", "limit")
        return {name: float(np.mean([episode[name] for episode in self.episodes])) for name in names}


class Trainer:
    """One training run in a folder: checkpoints, curve, and the policy as it is now.

    Args:
        recipe: what to do.
        clips: what to imitate.
        folder: where; a run that is there already goes on.
        workers: processes that simulate, each its share of the bodies, and threads that learn.
        stages: which recipes held from which step on, for the policy's card.
        held_out: motions to correct now and then, to see how it does.
    """

    def __init__(
        self,
        recipe: Recipe,
        clips: Sequence[Clip],
        folder: Path,
        workers: int = 1,
        stages: Sequence[dict[str, Any]] = (),
        held_out: Sequence[Motion] = (),
    ):
        self.recipe, self.folder, self._stages = recipe, folder, list(stages)
        self._held_out = held_out
        torch.set_num_threads(workers)

        def make() -> ImitationVecEnv:
            return ImitationVecEnv(
                clips,
                max(1, recipe.ppo.envs // workers),
                recipe.seed,
                recipe.episodes,
                recipe.reward,
                recipe.limits,
                gain=_REWARD_GAIN * (1 - recipe.ppo.gamma),
            )

        self._env = WorkerVecEnv(make, workers) if workers > 1 else make()
        fresh = self._env.curriculum_state()
        mean, scale = observation_statistics(self._env, recipe.seed)
        self._env.restore_curriculum(fresh)
        self._ppo = ImitationPPO(self._env, recipe.ppo, mean, scale, recipe.seed)
        self._ppo.set_logger(configure(str(folder / "tensorboard"), ["tensorboard"]))
        self.steps = 0
        if (folder / "state.json").exists():
            self._load()

    def run(self, after: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Train to the recipe's steps; `after` is told a line of the curve after each chapter, which is then saved."""
        while self.steps < self.recipe.steps:
            before = self.steps
            line = self._chapter()
            if self.recipe.held_out and self.steps // self.recipe.held_out.every_steps > (
                before // self.recipe.held_out.every_steps
            ):
                line["held_out"] = self._look()
            self._save(line)
            if after:
                after(line)
        self._export(self.folder / "policy", self._curve()[-1])

    def close(self) -> None:
        """End the workers."""
        self._env.close()

    def _noise(self) -> float:
        ppo = self.recipe.ppo
        share = max(0.0, (self.steps / self.recipe.steps - ppo.noise_held) / (1 - ppo.noise_held))
        return ppo.start_noise ** (1 - share) * ppo.end_noise**share

    def _chapter(self) -> dict[str, Any]:
        seed = self.recipe.seed + 1_000_003 * (1 + self.steps)
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)  # stable-baselines3 shuffles its minibatches by it
        self._env.seed(seed)
        self._ppo._last_obs = None  # the chapter begins with a reset
        self._ppo.logger.name_to_value.clear()  # what the last chapter measured, a resumed run would not know
        noise = self._noise()
        self._ppo.set_noise(noise)
        chapter, start = _Chapter(), time.monotonic()
        self._ppo.learn(self.recipe.chapter_steps, callback=chapter, reset_num_timesteps=False, log_interval=10)
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

    def _look(self) -> dict[str, float]:
        """How the policy as it is now corrects motions that it was not trained on."""
        policy = LearnedPolicy(self.recipe.name, self._ppo.actor(), {})
        with Corrector(policy, threads=torch.get_num_threads()) as corrector:
            result = evaluate(corrector, self._held_out)
        seen = {name: result[name] for name in _SEEN}
        seen |= {name: result[name]["mean"] for name in _SEEN_MEANS}
        for name, value in seen.items():
            self._ppo.logger.record(f"held_out/{name}", value)
        self._ppo.logger.dump(self.steps)
        return seen

    def _save(self, line: dict[str, Any]) -> None:
        """The checkpoint; `state.json` last, it makes the others count."""
        tensors = self._ppo.tensors()
        for worker, state in enumerate(self._env.curriculum_state()):
            tensors |= {f"curriculum.{worker}.{name}": torch.as_tensor(value) for name, value in state.items()}
        checkpoint = self.folder / f"{self.steps:010d}.safetensors"
        with atomic_path(checkpoint) as path:
            save_tensors(tensors, path)
        curve = [old for old in self._curve() if old["steps"] < self.steps]  # a kill may have left one over
        with atomic_path(self.folder / _CURVE) as path:
            path.write_text("".join(json.dumps(each) + "\n" for each in [*curve, line]))
        self._export(self.folder / "policy", line)
        state = {"steps": self.steps, "rate": self._ppo.actor_rate, "checkpoint": checkpoint.name}
        with atomic_path(self.folder / "state.json") as path:
            path.write_text(json.dumps(state) + "\n")
        for old in sorted(self.folder.glob("0*.safetensors"))[:-_CHECKPOINTS_KEPT]:
            old.unlink()

    def _curve(self) -> list[dict[str, Any]]:
        """The lines of all chapters so far."""
        curve = self.folder / _CURVE
        return [json.loads(line) for line in curve.read_text().splitlines()] if curve.exists() else []

    def _load(self) -> None:
        state = json.loads((self.folder / "state.json").read_text())
        tensors = load_tensors(self.folder / state["checkpoint"])
        curricula: dict[int, dict[str, np.ndarray]] = {}
        for key in [key for key in tensors if key.startswith("curriculum.")]:
            _, worker, name = key.split(".")
            curricula.setdefault(int(worker), {})[name] = tensors.pop(key).numpy()
        # Where there are other workers than there were, each takes up one that was, some of them twice or none.
        workers = range(len(self._env.curriculum_state()))
        self._env.restore_curriculum([curricula[worker % len(curricula)] for worker in workers])
        self._ppo.load_tensors(tensors)
        self._ppo.actor_rate = float(state["rate"])
        self._ppo.num_timesteps = self.steps = int(state["steps"])

    def _export(self, folder: Path, line: dict[str, Any]) -> None:
        """Write the policy as `sim_server.policies.learned_policy` reads it."""
        folder.mkdir(parents=True, exist_ok=True)
        card = {
            "name": self.recipe.name,
            "observation_version": VERSION,
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
        with atomic_group([folder / "policy.safetensors", folder / "card.json"]) as (weights, text):
            save_arrays(self._ppo.actor(), weights)
            text.write_text(json.dumps(card, indent=1) + "\n")
