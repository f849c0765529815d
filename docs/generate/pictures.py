"""Make the pictures of README and docs: `python docs/generate/pictures.py`, or `make pictures`.

Sample the motion model that ships, correct the samples, and take pictures of the page that shows one of them before and
after, one of them moving: the sample whose physical error the correction lowers most, among those that come out OK and
were simulated. Equal versions of Plumb make equal motions. It needs playwright and Chromium.
"""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from generator import DiffusionGenerator
from motion.protocols import CorrectionOptions, SampleOptions
from motion.report import Correction
from motion.viewing.correction_page import correction_scene
from motion.viewing.html_player import Scene, page_html
from sim_server import Corrector

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
PROMPTS = (
    "a person walks forward", "a person runs in a circle", "a person turns around", "a person kicks",
    "a person walks backwards", "a person squats",
)  # fmt: skip
FRAMES, SEED = 100, 0
STILLS = {
    "viewer.png": ("t=2.2&camera=each&turn=35&tilt=12", "light", (1280, 840)),
    "viewer-overlay.png": ("t=1.45&layout=overlay&camera=each&turn=70&tilt=12", "dark", (1280, 840)),
    "viewer-phone.png": ("t=2.2&camera=each&turn=35&tilt=12", "light", (390, 780)),
}
"""Pictures of the page: what follows `#` in the link, the colour scheme, and the size of the window."""
STILL_COLOURS = 128
FILM, FILM_WINDOW, FILM_WIDTH, FILM_COLOURS, EVERY = "before-after.gif", (900, 900), 520, 32, 2
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM_FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]


def main() -> None:
    """Write `before-after.gif` and the pictures of the page."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        sys.exit("pictures need Chromium on PATH: apt-get install chromium")
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "page.html"
        path.write_text(page_html([corrected_scene()], "before and after"), encoding="utf-8")
        browser = driver.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        PICTURES.mkdir(parents=True, exist_ok=True)
        for name, (link, scheme, window) in STILLS.items():
            tab = open_page(browser, path, link, scheme, window)
            picture(tab.screenshot()).quantize(STILL_COLOURS).save(PICTURES / name, optimize=True)
        film(open_page(browser, path, "t=0&camera=each&turn=60&tilt=12", "light", FILM_WINDOW), PICTURES / FILM)
        browser.close()


def corrected_scene() -> Scene:
    """Return a sample of the model that ships beside its correction, with their physical errors as labels."""
    with TemporaryDirectory() as store:
        generator = DiffusionGenerator(Path(store))
        options = SampleOptions(steps=10)
        raw = list(generator.sample(PROMPTS, [FRAMES] * len(PROMPTS), seed=SEED, options=options))
    with Corrector() as corrector:
        corrections = corrector.correct(raw, SEED, CorrectionOptions(trace=True))
    pairs = [(motion, each) for motion, each in zip(raw, corrections, strict=True) if is_simulated(each)]
    if not pairs:
        sys.exit("no sample was simulated and came out OK; choose other prompts")
    motion, correction = max(pairs, key=lambda pair: lowered_mm(pair[1]))
    scene = correction_scene(motion, correction)
    before, after = scene.figures
    errors = correction.report.before.phys_err_mm, correction.report.after.phys_err_mm
    labels = f"as sampled: error {errors[0]:.1f} mm", f"corrected: {errors[1]:.1f} mm"
    print(f"shown: {motion.caption!r}, physical error {errors[0]:.1f} -> {errors[1]:.1f} mm")
    figures = replace(before, label=labels[0]), replace(after, label=labels[1])
    return replace(scene, figures=figures, title=motion.caption or "", caption="")


def is_simulated(correction: Correction) -> bool:
    """Return whether a motion was simulated, was not carried, and did not come back as it was."""
    return correction.report.status == "OK" and not correction.report.kept and correction.trace is not None


def lowered_mm(correction: Correction) -> float:
    """Return by how much the correction lowered the physical error."""
    return correction.report.before.phys_err_mm - correction.report.after.phys_err_mm


def open_page(browser: Browser, path: Path, link: str, scheme: str, window: tuple[int, int]) -> Page:
    """Open the page at a link in a window of this size, and wait until it is drawn."""
    size = {"width": window[0], "height": window[1]}
    tab = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    tab.goto(f"{path.as_uri()}#{link}")
    tab.wait_for_function("window.plumb && plumb.drawn().panels.length > 0")
    return tab


def picture(png: bytes) -> Image.Image:
    """Decode a screenshot."""
    return Image.open(io.BytesIO(png)).convert("RGB")


def film(tab: Page, target: Path) -> None:
    """Write every second frame of the bodies as an animation, small and with few colours, so that it loads at once."""
    pictures = []
    for _ in range(0, FRAMES, EVERY):
        stage = picture(tab.locator(".stage").screenshot())
        size = FILM_WIDTH, round(stage.height * FILM_WIDTH / stage.width)
        pictures.append(stage.resize(size, Image.Resampling.LANCZOS))
        for _ in range(EVERY):
            tab.keyboard.press("ArrowRight")
    palette = pictures[len(pictures) // 2].quantize(FILM_COLOURS)
    frames = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
    milliseconds = 1000 * EVERY // 20
    frames[0].save(target, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, optimize=True)


if __name__ == "__main__":
    main()
