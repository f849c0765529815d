// The motions of a page: decoding, and what a figure does at a time.

const JOINTS = 22,
  FOLLOW_SECONDS = 0.5;
const CURVES = [
  {
    name: "Lowest joint",
    unit: "mm over the floor",
    digits: 0,
    about:
      "Height of the lowest of the 22 joints over the floor. Below 0 the body is in the floor; a jump is a " +
      "hump; a body that never comes down floats.",
  },
  {
    name: "Physical error",
    unit: "mm",
    digits: 1,
    about:
      "Penetration, float and skating of the lowest joint in each frame. Its mean is the report's " + "physical error.",
  },
  { name: "Speed", unit: "m/s", digits: 2, about: "Speed of the pelvis over the floor." },
];

// The rows of curves that not every motion has.
const ASSIST_ROW = CURVES.length,
  MISSING_ROW = CURVES.length + 1;

// Decode an array of `columns` numbers a row: base64 of little-endian uint16 over the range of each column.
function decode(document) {
  const raw = atob(document.data),
    bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const levels = new Uint16Array(bytes.buffer),
    columns = document.low.length,
    out = new Float32Array(levels.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = levels[i] === 65535 ? NaN : document.low[i % columns] + levels[i] * document.step[i % columns];
  }
  return out;
}

// Decode a scene the first time that it is shown.
function prepareScene(scene, parents) {
  if (scene.seconds !== undefined) return;
  for (const figure of scene.figures) {
    figure.xyz = decode(figure.positions);
    figure.quaternions = decode(figure.rotations);
    const curves = decode(figure.curves);
    figure.series = CURVES.map((_, k) => curves.filter((_, i) => i % CURVES.length === k));
    figure.child = parents.map((_, joint) => parents.indexOf(joint));
    figure.seconds = (figure.frames - 1) / figure.fps;
    figure.path = smoothedPath(figure);
    if (figure.missing) figure.missing = decode(figure.missing);
    if (figure.trace) prepareTrace(figure.trace);
  }
  scene.seconds = Math.max(...scene.figures.map((figure) => figure.seconds));
}

function prepareTrace(trace) {
  trace.force = trace.forces ? decode(trace.forces) : new Float32Array(0);
  trace.centre = decode(trace.feet_at);
  trace.assistForce = decode(trace.assist);
  trace.assistLimit = decode(trace.limit);
  trace.assistNorm = new Float32Array(trace.steps).map((_, step) => {
    return Math.hypot(...trace.assistForce.subarray(3 * step, 3 * step + 3));
  });
}

// The path of the pelvis over the floor, smoothed: what a camera follows. [x0, z0, x1, z1, ...]
function smoothedPath(figure) {
  const reach = Math.round(FOLLOW_SECONDS * figure.fps),
    out = new Float32Array(2 * figure.frames);
  for (let i = 0; i < figure.frames; i++) {
    const first = Math.max(0, i - reach),
      last = Math.min(figure.frames - 1, i + reach);
    for (let k = first; k <= last; k++) {
      out[2 * i] += figure.xyz[3 * JOINTS * k] / (last - first + 1);
      out[2 * i + 1] += figure.xyz[3 * JOINTS * k + 2] / (last - first + 1);
    }
  }
  return out;
}

// Between which frames a time lies, and how far it is on the way.
function framesAt(figure, t) {
  const last = figure.frames - 1,
    at = clamp(t * figure.fps, 0, last);
  // A time that was stepped to is that of a frame but for rounding: show that frame itself.
  const near = Math.round(at),
    exact = Math.abs(at - near) < 1e-4 ? near : at,
    i = Math.floor(exact);
  return [i, Math.min(last, i + 1), exact - i];
}

// Joint positions (66 numbers) at a time, linear between frames; after its last frame a figure stands still.
function jointsAt(figure, t) {
  const [i, k, w] = framesAt(figure, t),
    a = 3 * JOINTS * i,
    b = 3 * JOINTS * k,
    out = new Float32Array(3 * JOINTS);
  for (let j = 0; j < out.length; j++) out[j] = (1 - w) * figure.xyz[a + j] + w * figure.xyz[b + j];
  return out;
}

function pathAt(figure, t) {
  const [i, k, w] = framesAt(figure, t),
    path = figure.path;
  return [0, 1].map((axis) => (1 - w) * path[2 * i + axis] + w * path[2 * k + axis]);
}

// The matrices of all 22 shapes at a time.
function shapeMatrices(figure, t, out) {
  const joints = jointsAt(figure, t),
    [i, k, w] = framesAt(figure, t),
    rotated = figure.rotated;
  for (let joint = 0; joint < JOINTS; joint++) {
    const at = [joints[3 * joint], joints[3 * joint + 1], joints[3 * joint + 2]],
      row = rotated.indexOf(joint);
    let q;
    if (row >= 0) {
      const a = 4 * (i * rotated.length + row),
        b = 4 * (k * rotated.length + row),
        values = figure.quaternions;
      let sign = 0;
      for (let c = 0; c < 4; c++) sign += values[a + c] * values[b + c];
      q = [0, 1, 2, 3].map((c) => (1 - w) * values[a + c] + (sign < 0 ? -w : w) * values[b + c]);
      const n = Math.hypot(...q) || 1;
      q = q.map((value) => value / n);
    } else {
      // a capsule along its bone
      const end = 3 * figure.child[joint],
        shape = figure.shapes[joint];
      q = rotationBetween(
        [shape[4], shape[5], shape[6]],
        subtract([joints[end], joints[end + 1], joints[end + 2]], at),
      );
    }
    writeTransform(out, 16 * joint, q, at);
  }
  return joints;
}

// The control step of a trace at a time; -1 after its end.
function stepAt(trace, t) {
  const step = Math.floor(t * trace.fps + 1e-4);
  return step < trace.steps ? step : step <= trace.steps ? trace.steps - 1 : -1;
}

// The value of a curve at a time, of frames (linear) or of the steps of a trace.
function curveAt(figure, index, t) {
  if (index < CURVES.length) {
    const [i, k, w] = framesAt(figure, t),
      values = figure.series[index];
    return (1 - w) * values[i] + w * values[k];
  }
  if (index === MISSING_ROW) {
    const [i, k, w] = framesAt(figure, t);
    return figure.missing ? (1 - w) * figure.missing[i] + w * figure.missing[k] : NaN;
  }
  const step = figure.trace ? stepAt(figure.trace, t) : -1;
  return step < 0 ? NaN : figure.trace.assistNorm[step];
}
