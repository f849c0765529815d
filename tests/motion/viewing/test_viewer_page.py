"""The page of motions in a real browser: what is drawn is what the data says, and every control does what it says."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from chromium import Opens
from swaying_body import sway, swaying
from synthetic_trace import synthetic_trace

from motion.trace import FEET, Trace
from motion.viewing.html_player import Figure, Scene, page_html, scenes_html

FRAMES = 41
BEFORE, AFTER = swaying(FRAMES, seed=1).positions, sway(FRAMES, seed=2).positions
_RANDOM = np.random.default_rng(3)


def strong_trace(steps: int) -> Trace:
    """Return a made-up trace with forces that are large enough to be drawn."""
    forces = {"contact_force": _RANDOM.normal(0, 200, (steps, 4, 3)), "assist": _RANDOM.normal(0, 100, (steps, 6))}
    return synthetic_trace(steps, foot_centre=_RANDOM.normal(size=(steps, 2, 3)), **forces)


TRACE = strong_trace(FRAMES)


def scenes() -> list[Scene]:
    pair = (
        Figure("before", BEFORE, 20, role="before"),
        Figure("after", AFTER, 20, role="after", trace=TRACE, failed_s=1.5),
    )
    alone = Figure("alone", AFTER, 20)
    return [
        Scene(pair, "leap", "a person leaps", "FAILED", "fell at 1.5 s", {"error, mm": 3.0}),
        Scene((alone,), "walk <b>", "a person walks", "OK", "", {"error, mm": 1.0}),
        Scene((alone,), "wave", "a person waves", "ASSISTED", "", {"error, mm": 2.0}),
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("viewer") / "page.html"
    path.write_text(page_html(scenes(), "Leaps & <walks>"), encoding="utf-8")
    return path


def test_a_page_without_motions_is_smaller_than_150_kilobytes() -> None:
    assert len(page_html([Scene((Figure("a", AFTER[:2], 20),))], "title").encode()) < 150_000


def test_the_joints_that_are_drawn_are_those_of_the_frame(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    viewer.press("ArrowRight", "ArrowRight", "ArrowRight")
    for frame, drawn in ((3, viewer.drawn()), (13, viewer.press("Shift+ArrowRight")), (12, viewer.press("ArrowLeft"))):
        assert drawn["time"] == pytest.approx(frame / 20)
        for panel, positions in zip(drawn["panels"], (BEFORE, AFTER), strict=True):
            np.testing.assert_allclose(panel["figures"][0]["joints"], positions[frame], atol=1e-4)
    np.testing.assert_allclose(viewer.tab.evaluate("plumb.jointsAt(0.525, 1)"), AFTER[10:12].mean(0), atol=1e-4)


def test_the_timeline_scrubs_to_where_it_is_pressed(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    box = viewer.tab.locator(".tracks").bounding_box()
    viewer.tab.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 60)
    time = viewer.drawn()["time"]
    assert time == pytest.approx(0.4 * (FRAMES - 1) / 20, abs=0.01)
    assert viewer.tab.locator(".clock").inner_text() == f"{time:.2f} / 2.00 s"
    viewer.tab.locator(".timeline").focus()
    assert viewer.press("End")["time"] == 2.0 and viewer.press("Home")["time"] == 0.0


def test_the_bodies_are_seen_where_their_joints_are_projected(page: Path, opened: Opens) -> None:
    image = pytest.importorskip("PIL.Image")
    viewer = opened(page, "scene=1&t=0")
    drawn = viewer.press("f")  # no arrows in front of them
    canvas = np.asarray(image.open(io.BytesIO(viewer.tab.locator("canvas.view").screenshot())).convert("RGB"), float)
    for panel, reddish in zip(drawn["panels"], (True, False), strict=True):
        for joint in (0, 4, 9, 18):
            x, y = panel["figures"][0]["pixels"][joint]
            red, green, _ = canvas[round(y), round(x)]
            assert red > 1.3 * green if reddish else green > 1.3 * red


def test_it_plays_loops_and_pauses(page: Path, opened: Opens) -> None:
    viewer = opened(page, reduced_motion="no-preference")
    viewer.tab.wait_for_function("plumb.drawn().time > 0.2")
    paused = viewer.press("Space")
    assert not paused["playing"] and viewer.drawn()["time"] == paused["time"]
    viewer.press("Home", *["ArrowRight"] * 10, "[", *["ArrowRight"] * 10, "]")
    assert viewer.drawn()["loop"] == pytest.approx([0.5, 1.0])
    viewer.press("End", "Space")
    viewer.tab.wait_for_function("plumb.drawn().time >= 0.5 && plumb.drawn().time < 1")
    viewer.tab.locator(".speed").select_option("4")
    times = [viewer.drawn()["time"] for _ in range(8)]
    assert all(0.5 <= time <= 1.0 for time in times) and len(set(times)) > 3
    assert viewer.press("l")["loop"] is None


def test_it_stands_still_where_less_motion_is_wanted(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    assert not viewer.drawn()["playing"] and viewer.drawn()["time"] == 0


def test_an_overlay_has_both_bodies_in_one_panel_and_a_body_can_be_hidden(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    (panel,) = viewer.press("o")["panels"]
    assert [figure["label"] for figure in panel["figures"]] == ["before", "after"]
    viewer.tab.get_by_title("Hide this body").first.click()
    assert [figure["label"] for figure in viewer.drawn()["panels"][0]["figures"]] == ["after"]


def test_curves_have_the_colours_of_the_bodies_and_say_the_values_under_the_pointer(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    found = viewer.tab.evaluate(
        """() => {
            const plot = document.querySelector(".plot"), pen = plot.getContext("2d");
            const pixels = pen.getImageData(0, 0, plot.width, plot.height).data, colours = new Set();
            for (let i = 0; i < pixels.length; i += 4) colours.add(pixels.slice(i, i + 4).join());
            return ["200,85,61,255", "27,127,121,255"].map((colour) => colours.has(colour));
        }"""
    )
    assert found == [True, True]
    heads = viewer.tab.locator(".track-heads > div").all_inner_texts()
    names = ["Lowest joint", "Physical error", "Speed", "Assist", "Feet on the floor"]
    assert [head.split("\n")[0].strip() for head in heads] == names or all(map(str.startswith, heads, names))
    box = viewer.tab.locator(".tracks").bounding_box()
    viewer.tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60)
    viewer.drawn()
    lowest = [round(float(positions[20, :, 1].min() * 1000)) for positions in (BEFORE, AFTER)]
    shown = viewer.tab.locator(".track-heads > div").first.locator("b").all_inner_texts()
    assert [int(text.replace("−", "-")) for text in shown] == pytest.approx(lowest, abs=1)


def test_forces_are_those_of_the_trace_at_that_time(page: Path, opened: Opens) -> None:
    viewer = opened(page, "scene=1&t=0.1")
    before, after = viewer.drawn()["panels"]
    assert before["forces"] == [] and len(after["forces"]) == 5
    drawn = {force["part"]: force for force in after["forces"]}
    for part, newtons in zip(TRACE.parts, TRACE.contact_force[2], strict=True):
        np.testing.assert_allclose(drawn[part]["newtons"], newtons, atol=0.05)
    np.testing.assert_allclose(drawn["root"]["newtons"], TRACE.assist[2, :3], atol=0.05)
    for part, place in zip(FEET, TRACE.foot_centre[2], strict=True):
        np.testing.assert_allclose(drawn[part]["from"], place - (0, TRACE.lift_m, 0), atol=1e-3)
    assert viewer.press("f")["panels"][1]["forces"] == []


def test_failed_stretches_are_marked_from_where_the_body_lost_the_motion(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    mark = viewer.tab.locator(".mark.failed")
    box, whole = mark.bounding_box(), viewer.tab.locator(".timeline").bounding_box()
    assert (box["x"] - whole["x"]) / whole["width"] == pytest.approx(0.75, abs=0.01)
    assert mark.get_attribute("title") == "failed from 1.5 to 2.0 s"


def test_the_list_is_searched_and_sorted_and_names_are_text(page: Path, opened: Opens) -> None:
    viewer = opened(page)

    def names() -> list[str]:
        return [text.split("\n")[0] for text in viewer.tab.locator(".rows .name").all_inner_texts()]

    assert names() == ["leap", "walk <b>", "wave"]
    viewer.tab.locator(".sort").select_option("error, mm")
    assert names() == ["leap", "wave", "walk <b>"]
    viewer.tab.locator(".order").click()
    assert names() == ["walk <b>", "wave", "leap"]
    viewer.tab.locator(".sort").select_option("by status")
    viewer.tab.locator(".search").fill("person wa")
    assert sorted(names()) == ["walk <b>", "wave"]
    viewer.tab.locator(".rows button").last.click()
    assert viewer.drawn()["scene"] in (1, 2)
    viewer.tab.locator(".search").fill("nothing of this kind")
    assert names() == []


def test_keys_lead_from_motion_to_motion_and_from_camera_to_camera(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    assert viewer.press("n")["scene"] == 1 and viewer.press("n", "n")["scene"] == 2 and viewer.press("p")["scene"] == 1
    modes = [viewer.press("c")["camera"]["mode"] for _ in range(3)]
    assert modes == ["each", "world", "together"]
    assert viewer.press("2")["camera"]["yaw"] == pytest.approx(np.pi / 2)
    assert viewer.press("+")["camera"]["zoom"] > 1 and viewer.press("0")["camera"]["zoom"] == 1


def test_together_shows_a_drift_that_each_hides_and_world_stands_still(page: Path, opened: Opens) -> None:
    viewer = opened(page, "scene=1&t=2&camera=together&turn=90")

    def offset(panel: dict) -> float:
        x, _, width, _ = panel["rectangle"]
        return panel["figures"][0]["pixels"][0][0] - x - width / 2

    first, second = map(offset, viewer.drawn()["panels"])
    assert abs(first) < 40 and abs(second) > 100  # the second body stands where the first one began
    assert all(abs(offset(panel)) < 40 for panel in viewer.press("c")["panels"])
    viewer.press("c")
    start, end = viewer.press("Home")["panels"][0], viewer.press("End")["panels"][0]
    assert abs(offset(end) - offset(start)) > 40


def test_a_link_brings_back_motion_time_and_camera(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    viewer.press("o", "c", "c", "2", "+", *["ArrowRight"] * 7)
    link = viewer.tab.evaluate("location.hash").lstrip("#")
    again = opened(page, link).drawn()
    there = viewer.drawn()
    for name in ("scene", "time", "overlay"):
        assert again[name] == there[name]
    for name in ("mode", "yaw", "pitch", "zoom"):
        value = there["camera"][name]
        assert again["camera"][name] == (value if name == "mode" else pytest.approx(value, abs=0.01))


@pytest.mark.parametrize("link", ["scene=99&t=-5&camera=none&zoom=x", "t=1e9&loop=3_1", "&&=&scene=1.5&t="])
def test_a_link_that_says_nonsense_is_not_followed(link: str, page: Path, opened: Opens) -> None:
    drawn = opened(page, link).drawn()
    assert drawn["scene"] == 0 and 0 <= drawn["time"] <= 2 and drawn["camera"]["zoom"] == 1 and drawn["loop"] is None


def test_dragging_turns_two_fingers_zoom_and_the_wheel_zooms(page: Path, opened: Opens) -> None:
    viewer = opened(page, has_touch=True)
    box = viewer.tab.locator("canvas.view").bounding_box()
    x, y = box["x"] + 150, box["y"] + 150
    viewer.tab.mouse.move(x, y)
    viewer.tab.mouse.down()
    viewer.tab.mouse.move(x + 100, y)
    viewer.tab.mouse.up()
    assert viewer.drawn()["camera"]["yaw"] == pytest.approx(0.7 - 0.8)
    viewer.tab.mouse.wheel(0, -200)
    assert viewer.drawn()["camera"]["zoom"] == pytest.approx(np.exp(0.2), rel=0.01)
    touch = viewer.context.new_cdp_session(viewer.tab)
    for kind, gap in (("touchStart", 50), ("touchMove", 100), ("touchEnd", None)):
        points = [] if gap is None else [{"x": x - gap, "y": y, "id": 0}, {"x": x + gap, "y": y, "id": 1}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert viewer.drawn()["camera"]["zoom"] == pytest.approx(2 * np.exp(0.2), rel=0.05)


def test_it_follows_the_size_of_the_window_and_the_theme(page: Path, opened: Opens) -> None:
    viewer = opened(page)
    viewer.tab.set_viewport_size({"width": 400, "height": 800})
    drawn = viewer.drawn()
    canvas = viewer.tab.evaluate("[plumb.players[0].canvas.width, plumb.players[0].canvas.clientWidth, innerWidth]")
    assert canvas[0] == canvas[1] < canvas[2] == 400
    assert sum(panel["rectangle"][2] for panel in drawn["panels"]) == pytest.approx(canvas[1], abs=4)
    assert viewer.tab.evaluate("document.documentElement.scrollWidth") == 400, "a phone does not scroll sideways"
    light = viewer.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    viewer.tab.emulate_media(color_scheme="dark")
    assert viewer.tab.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_without_webgl_a_sentence_says_so_and_the_curves_are_there(page: Path, opened: Opens) -> None:
    script = """
        const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
            return kind === "webgl2" ? null : get.call(this, kind, ...more);
        };"""
    viewer = opened(page, script=script)
    viewer.press("ArrowRight")
    assert "does not offer WebGL 2" in viewer.tab.locator(".sentence").inner_text()
    assert viewer.tab.locator(".clock").inner_text() == "0.05 / 2.00 s"
    assert viewer.tab.locator(".plot").bounding_box()["height"] > 100


def test_a_page_can_hold_several_players_with_one_program(tmp_path: Path, opened: Opens) -> None:
    first, second = scenes_html(scenes(), 120, "one"), scenes_html(scenes()[1:], 120, "two", with_program=False)
    (tmp_path / "report.html").write_text(f"<!DOCTYPE html><meta charset='utf-8'>{first}{second}", encoding="utf-8")
    viewer = opened(tmp_path / "report.html", viewport={"width": 500, "height": 1400})
    viewer.tab.wait_for_function("plumb.drawn(1).frames > 0")
    viewer.tab.locator("#two canvas.view").focus()
    viewer.press("ArrowRight")
    assert viewer.tab.evaluate("[plumb.drawn(0).time, plumb.drawn(1).time]") == [0, 0.05]
    viewer.tab.locator("#one select.scene").select_option("2")
    assert viewer.drawn()["scene"] == 2 and viewer.tab.evaluate("location.hash") == ""


def test_a_report_of_many_players_draws_each_that_is_scrolled_to(tmp_path: Path, opened: Opens) -> None:
    players = "".join(scenes_html(scenes()[1:2], 120, f"player-{k}", with_program=k == 0) for k in range(20))
    (tmp_path / "report.html").write_text(f"<!DOCTYPE html><meta charset='utf-8'>{players}", encoding="utf-8")
    viewer = opened(tmp_path / "report.html", viewport={"width": 400, "height": 300})
    for number in (*range(20), 0, 19):
        viewer.tab.locator(f"#player-{number} canvas.view").scroll_into_view_if_needed()
        viewer.tab.wait_for_function(f"plumb.drawn({number}).panels.length && !plumb.players[{number}].isLost()")


def test_a_motion_of_one_frame_is_shown(tmp_path: Path, opened: Opens) -> None:
    (tmp_path / "page.html").write_text(page_html([Scene((Figure("one", AFTER[:1], 20),))], "one"), encoding="utf-8")
    viewer = opened(tmp_path / "page.html", reduced_motion="no-preference")
    assert viewer.press("ArrowRight", "l", "End")["time"] == 0
    np.testing.assert_allclose(viewer.drawn()["panels"][0]["figures"][0]["joints"], AFTER[0], atol=1e-4)


def test_sixty_motions_of_ten_seconds_are_seen_within_two_seconds(tmp_path: Path, opened: Opens) -> None:
    trace = strong_trace(200)
    long = [swaying(200, seed=seed).positions for seed in (1, 2)]
    pair = (Figure("before", long[0], 20, role="before"), Figure("after", long[1], 20, role="after", trace=trace))
    page = page_html([Scene(pair, "motion 0")], "sixty")
    start, end = page.index('{"title":"motion 0"'), page.index("]}</script>")
    many = ",".join(page[start:end].replace("motion 0", f"motion {number}") for number in range(60))
    (tmp_path / "sixty.html").write_text(page[:start] + many + page[end:], encoding="utf-8")
    seconds = np.inf
    for _ in range(5):  # a busy machine is slow now and then: the best time counts, by the clock or of the processor
        viewer = opened(tmp_path / "sixty.html")
        session = viewer.context.new_cdp_session(viewer.tab)
        session.send("Performance.enable")
        spent = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        first_drawn = viewer.tab.evaluate("plumb.players[0].state.firstDrawn") / 1000
        seconds = min(seconds, first_drawn, spent["ProcessTime"])
        if seconds < 2:
            break
    assert 0 < seconds < 2
