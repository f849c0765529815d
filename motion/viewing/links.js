// Links that carry motion, time and camera, such as
// page.html#scene=3&t=1.25&layout=overlay&camera=world&turn=40&tilt=14&zoom=1.5

function formatLink(state) {
  const degrees = (angle) => Math.round((angle * 180) / Math.PI),
    values = {
      scene: state.index + 1,
      t: state.t.toFixed(3),
      layout: state.overlay ? "overlay" : "side",
      camera: state.view.mode,
      turn: degrees(state.view.yaw),
      tilt: degrees(state.view.pitch),
      zoom: state.view.zoom.toFixed(2),
    };
  if (state.view.pan.some((value) => value !== 0))
    values.pan = state.view.pan.map((value) => value.toFixed(2)).join("_");
  if (state.loop) values.loop = state.loop.map((value) => value.toFixed(2)).join("_");
  return (
    "#" +
    Object.entries(values)
      .map(([key, value]) => `${key}=${value}`)
      .join("&")
  );
}

// Put what a link says into the state; what it does not say, or says wrongly, stays.
function applyLink(hash, state, scenes, choose) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (key) => (given.has(key) && given.get(key) !== "" ? Number(given.get(key)) : NaN);
  const list = (key, count) => {
    const values = (given.get(key) || "").split("_").map(Number);
    return values.length === count && values.every(Number.isFinite) ? values : null;
  };
  const scene = number("scene");
  if (Number.isInteger(scene) && scene >= 1 && scene <= scenes.length) choose(scene - 1);
  if (given.has("layout")) state.overlay = given.get("layout") === "overlay";
  if (given.get("camera") in CAMERA_MODES) state.view.mode = given.get("camera");
  const turn = number("turn"),
    tilt = number("tilt"),
    zoom = number("zoom"),
    pan = list("pan", 3),
    loop = list("loop", 2);
  if (Number.isFinite(turn)) state.view.yaw = (turn * Math.PI) / 180;
  if (Number.isFinite(tilt)) state.view.pitch = clamp((tilt * Math.PI) / 180, 0.02, 1.5);
  if (Number.isFinite(zoom)) state.view.zoom = clamp(zoom, 0.2, 8);
  if (pan) state.view.pan = pan;
  if (loop && loop[1] > loop[0]) state.loop = loop.map((value) => clamp(value, 0, state.scene.seconds));
  const t = number("t");
  if (Number.isFinite(t)) state.t = clamp(t, 0, state.scene.seconds);
  return given.has("t");
}

function writeLink(state) {
  try {
    history.replaceState(null, "", formatLink(state));
  } catch (error) {
    // a page inside another one may not
  }
}
