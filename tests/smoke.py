"""Smoke test of the wheel: install it in an empty environment and run all four commands.

`python tests/smoke.py DIST FOLDER` takes the wheel from DIST and works in FOLDER.

First without extras, where files can be converted and a missing extra is named; then with those of the services and
the loop. Every command runs in FOLDER, away from the checkout, so that nothing but the wheel can be imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
EXTRACT_A_CLIP = """
from motion.formats.files import read_motions, write_motion
from motion.shell.assets import asset_path
write_motion("clip.npy", read_motions(asset_path("motions/default.npz")).motions[0])
"""
PROGRAMS = ("plumb-motion", "plumb-sim", "plumb-gen", "plumb-loop")


def main(dist: Path, folder: Path) -> None:
    """Install the only wheel in `dist` into a new environment in `folder`, and run the commands there."""
    (wheel,) = dist.glob("*.whl")
    (source,) = dist.glob("*.tar.gz")
    print(f"smoke test of {wheel.name} ({wheel.stat().st_size / 2**20:.1f} MiB) beside {source.name}", flush=True)
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")

    def run(*command: str, status: int = 0, shows: str = "") -> str:
        print("$", " ".join(command), flush=True)
        done = subprocess.run([str(programs / command[0]), *command[1:]], cwd=folder, capture_output=True, text=True)
        text = done.stdout + done.stderr
        if done.returncode != status or shows not in text:
            sys.exit(f"status {done.returncode}, expected {status} and the words {shows!r}; it printed:\n{text}")
        return done.stdout.strip()

    def install(extras: str) -> None:
        run("pip", "install", "--quiet", "--constraint", str(CONSTRAINTS), f"{wheel}{extras}")

    install("")
    where = run("python", "-c", "import motion; print(motion.__file__)")
    assert Path(where).is_relative_to(folder), f"the checkout was imported: {where}"
    for program in PROGRAMS:
        run(program, "--version", shows="0.")
        run(program, "--help", shows="usage")
    run("python", "-c", EXTRACT_A_CLIP)
    run("plumb-motion", "convert", "clip.npy", "clip.bvh")
    run("plumb-motion", "metrics", "clip.bvh", "--json", shows="phys_err_mm")
    run("python", "-c", "from loop_client import RemoteCorrector, RemoteGenerator")
    run("plumb-sim", "correct", "clip.npy", "--out", "fixed.npy", status=2, shows="plumb-motion[sim]")
    run(
        "plumb-gen", "sample", "--prompt", "a person walks", "--out", "x.npz", status=2, shows="plumb-motion[generator]"
    )

    install("[sim,generator,loop]")
    run("plumb-sim", "correct", "clip.bvh", "--out", "fixed.bvh", "--json", shows='"policy": "plumb-1"')
    run("plumb-gen", "sample", "--prompt", "a person walks", "--out", "sampled.npz", shows="mdm")
    run("plumb-loop", "recipes", shows="scsc-default")
    run("plumb-loop", "reproduce", "fu-kernel-density", "--quick", "--json", shows='"holds": true')
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
