"""A sampling program as people write them: the motion whose caption shares most words, stretched, with noise."""

import argparse
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path)
parser.add_argument("--prompts", type=Path)
parser.add_argument("--lengths", type=Path)
parser.add_argument("--seed", type=int)
parser.add_argument("--out", type=Path)
parser.add_argument("--guidance", type=float, default=1.0)
parser.add_argument("--fault", default="none")
arguments = parser.parse_args()

model = np.load(arguments.model / "model.npz")
motions = np.split(model["positions"], np.cumsum(model["lengths"])[:-1])
prompts = arguments.prompts.read_text().splitlines()
lengths = [int(line) for line in arguments.lengths.read_text().split()]
rng = np.random.default_rng([arguments.seed, int(model["seed"])])
for index, (prompt, length) in enumerate(zip(prompts, lengths, strict=True)):
    shared = [len(set(str(text).split()) & set(prompt.split())) for text in model["texts"]]
    motion = motions[int(np.argmax(shared))]
    rows = np.linspace(0, len(motion) - 1, length).round().astype(int)
    if arguments.fault == "short":
        rows = rows[:-5]
    positions = motion[rows] + rng.normal(0, 0.01 * arguments.guidance, (len(rows), 22, 3))
    if arguments.fault != "few" or index:
        np.save(arguments.out / f"sample_{index}.npy", positions.astype(np.float32))
