"""The core imports NumPy only, so that everything that builds on it starts quickly."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("scipy", "matplotlib", "tyro", "tqdm", "torch", "mujoco")


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return {name.partition(".")[0] if not name.startswith("motion.") else name for name in ended.stdout.split()}


@pytest.mark.parametrize("module", ["motion", "motion.protocols", "motion.formats.files", "motion.rpc.wire"])
def test_importing_a_module_that_everyone_imports_is_quick(module: str):
    assert not modules_after(f"import {module}") & set(SLOW)


def test_the_root_of_the_package_does_not_import_its_rooms_for_files_networks_and_programs():
    loaded = modules_after("import motion, motion.protocols, motion.kinematics, motion.resample, motion.humanml3d")
    rooms = {name.split(".")[1] for name in loaded if name.startswith("motion.")}
    assert not rooms & {"formats", "rpc", "shell", "synthesis", "viewing", "v1"}


def test_the_help_of_the_command_line_needs_no_numerics():
    loaded = modules_after("import motion.cli")
    assert not loaded & {"scipy", "matplotlib", "tqdm"} and "motion.formats.files" not in loaded
