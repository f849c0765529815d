"""A training program as people write them: it remembers all motions and captions, in as many steps as it is told."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path)
parser.add_argument("--out", type=Path)
parser.add_argument("--steps", type=int)
parser.add_argument("--seed", type=int)
parser.add_argument("--resume", type=Path)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--fault", default="none")
arguments = parser.parse_args()

if arguments.fault == "raise":
    raise RuntimeError("CUDA is out of cheese")
names = (arguments.data / "train.txt").read_text().split()
texts = [(arguments.data / "texts" / f"{name}.txt").read_text().splitlines()[0].split("#")[0] for name in names]
motions = [np.load(arguments.data / "new_joints" / f"{name}.npy") for name in names]
state = arguments.out / "step.txt"
first = int(state.read_text()) + 1 if state.exists() else 1
for step in range(first, arguments.steps + 1):
    time.sleep(arguments.pause)
    state.with_suffix(".new").write_text(str(step))
    state.with_suffix(".new").replace(state)  # a program that is killed leaves a whole file
    print(f"step {step}/{arguments.steps} loss {arguments.lr / step:.4f}", end="\r" if step % 2 else "\n")
if arguments.fault == "empty":
    state.unlink()
    sys.exit(0)
start = arguments.resume.name if arguments.resume else "nothing"
np.savez(arguments.out / "model.npz", start=start, texts=texts, lengths=[len(each) for each in motions],
         positions=np.concatenate(motions), seed=arguments.seed)  # fmt: skip
