// Cameras: one for each panel. All look from the same side; what they look at depends on the mode.

const FIELD_OF_VIEW = 0.56,
  EYE_LEVEL = 0.86,
  HALF_HEIGHT = 1.12,
  HALF_WIDTH = 0.78;
const CAMERA_MODES = {
  together: ["Together", "All cameras follow the first body, so that a drift away from it can be seen"],
  each: ["Each", "Each camera follows its own body"],
  world: ["World", "The camera stands still in the world"],
};
const VIEWPOINTS = { front: [0, 0.14], side: [Math.PI / 2, 0.14], above: [0, 1.45], corner: [0.7, 0.24] };

function newView() {
  return { yaw: 0.7, pitch: 0.24, zoom: 1, pan: [0, 0, 0], mode: "together" };
}

// What the camera of a figure looks at, on the floor.
function lookedAt(view, scene, figures, figure, t) {
  if (view.mode === "world") return [scene.middle[0], scene.middle[1]];
  return pathAt(view.mode === "each" ? figure : figures[0], t);
}

// The middle of all paths of a scene, and how far they reach from it.
function measureScene(scene) {
  const low = [Infinity, Infinity],
    high = [-Infinity, -Infinity];
  for (const figure of scene.figures) {
    figure.path.forEach((value, i) => {
      low[i % 2] = Math.min(low[i % 2], value);
      high[i % 2] = Math.max(high[i % 2], value);
    });
  }
  scene.middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  scene.reach = Math.hypot(high[0] - low[0], high[1] - low[1]) / 2;
}

// The camera of a panel that looks at a place on the floor.
function panelCamera(view, place, scene, rectangle) {
  const aspect = rectangle[2] / rectangle[3],
    half = Math.tan(FIELD_OF_VIEW / 2);
  const wide = view.mode === "world" ? Math.max(HALF_WIDTH, scene.reach + 0.55) : HALF_WIDTH;
  const distance = Math.max(HALF_HEIGHT / half, wide / (half * aspect)) / view.zoom;
  const target = add([place[0], EYE_LEVEL, place[1]], view.pan);
  const cosine = Math.cos(view.pitch);
  const outward = [Math.sin(view.yaw) * cosine, Math.sin(view.pitch), Math.cos(view.yaw) * cosine];
  const eye = add(target, scaled(outward, distance));
  const matrix = multiplied(perspective(FIELD_OF_VIEW, aspect, 0.05, 200), lookAt(eye, target));
  return { matrix, eye, target, distance };
}

// Turn by a drag of some pixels.
function turnView(view, dx, dy) {
  view.yaw -= dx * 0.008;
  view.pitch = clamp(view.pitch + dy * 0.006, 0.02, 1.5);
}

// Move sideways and up by a drag of some pixels on a panel of this height.
function panView(view, dx, dy, panelHeight) {
  const metres = (2 * HALF_HEIGHT) / view.zoom / panelHeight;
  const right = [Math.cos(view.yaw), 0, -Math.sin(view.yaw)];
  view.pan = add(view.pan, add(scaled(right, -dx * metres), [0, dy * metres, 0]));
}

function zoomView(view, factor) {
  view.zoom = clamp(view.zoom * factor, 0.2, 8);
}
