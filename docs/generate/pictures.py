"""Make the pictures of README and docs: `python docs/generate/pictures.py`, or `make pictures`.

Sample the motion model that ships, correct the sample, and write both side by side as a small animation. Equal versions
of Plumb make equal motions.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from generator import DiffusionGenerator
from motion.protocols import SampleOptions
from motion.viewing.html_player import Figure, Scene
from motion.viewing.movie import write_movie
from sim_server import Corrector

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
PROMPT, FRAMES, SEED = "a person walks forward", 100, 0
WIDTH, COLOURS, EVERY = 560, 16, 2  # a page should load at once: smaller, fewer colours, ten pictures a second


def main() -> None:
    """Write `before-after.gif`."""
    with TemporaryDirectory() as store:
        generator = DiffusionGenerator(Path(store))
        (raw,) = generator.sample([PROMPT], [FRAMES], seed=SEED, options=SampleOptions(steps=10))
    with Corrector() as corrector:
        (correction,) = corrector.correct([raw], seed=SEED)
    report = correction.report
    figures = (
        Figure(f"as sampled: error {report.before.phys_err_mm:.1f} mm", raw.positions, raw.fps),
        Figure(f"corrected: {report.after.phys_err_mm:.1f} mm", correction.motion.positions, raw.fps),
    )
    with TemporaryDirectory() as folder:
        film = Path(folder) / "film.gif"
        write_movie(film, [Scene(figures, PROMPT, f"“{PROMPT}”")])
        shrink(film, PICTURES / "before-after.gif")


def shrink(source: Path, target: Path) -> None:
    """Write every second picture of an animation in a smaller size, and with few colours."""
    with Image.open(source) as film:
        size = (WIDTH, round(film.height * WIDTH / film.width))
        pictures = []
        for index in range(0, getattr(film, "n_frames", 1), EVERY):
            film.seek(index)
            pictures.append(film.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(COLOURS))
        milliseconds = film.info["duration"] * EVERY
    target.parent.mkdir(parents=True, exist_ok=True)
    pictures[0].save(target, save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0, optimize=True)


if __name__ == "__main__":
    main()
