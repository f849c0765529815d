// What a trace adds to a body: the parts that touch the floor, and arrows of forces.

const NEWTONS_PER_METRE = 700,
  LEAST_NEWTONS = 2,
  TINT_NEWTONS = 150;

// How much each of the 22 shapes is tinted, 0 to 1, by the force that it bears.
function touchedShapes(trace, t) {
  const out = new Float32Array(JOINTS),
    step = stepAt(trace, t);
  if (step < 0) return out;
  trace.joints.forEach((joints, part) => {
    const force = partForce(trace, part, step),
      tint = 0.9 * Math.min(1, length(force) / TINT_NEWTONS);
    for (const joint of joints) out[joint] = Math.max(out[joint], tint);
  });
  return out;
}

function partForce(trace, part, step) {
  const at = 3 * (step * trace.parts.length + part);
  return [trace.force[at], trace.force[at + 1], trace.force[at + 2]];
}

// The forces at a time: [{ kind: "contact" or "assist", part, from, newtons: [x, y, z] }, ...].
function forcesAt(figure, joints, t, floor) {
  const trace = figure.trace,
    step = trace ? stepAt(trace, t) : -1,
    out = [];
  if (step < 0) return out;
  trace.parts.forEach((part, index) => {
    const newtons = partForce(trace, index, step),
      foot = trace.feet[index],
      joint = 3 * (trace.joints[index][0] || 0);
    if (length(newtons) < LEAST_NEWTONS) return;
    let from = [joints[joint], floor, joints[joint + 2]];
    if (foot >= 0) {
      const centre = [0, 1, 2].map((k) => trace.centre[6 * step + 3 * foot + k]);
      if (centre.every(Number.isFinite)) from = centre;
    }
    out.push({ kind: "contact", part, from, newtons });
  });
  const assist = [0, 1, 2].map((k) => trace.assistForce[3 * step + k]);
  if (length(assist) >= LEAST_NEWTONS) {
    out.push({ kind: "assist", part: "root", from: [joints[0], joints[1], joints[2]], newtons: assist });
  }
  return out;
}

// The matrices of an arrow's shaft and head.
function arrowMatrices(force) {
  const out = new Float32Array(16 * JOINTS),
    long = length(force.newtons) / NEWTONS_PER_METRE;
  const direction = unit(force.newtons),
    q = rotationBetween([0, 1, 0], direction),
    head = Math.min(ARROW_HEAD, long);
  writeTransform(out, 0, q, force.from);
  for (let k = 4; k < 7; k++) out[k] *= Math.max(0, long - head);
  writeTransform(out, 16, q, add(force.from, scaled(direction, long)));
  for (let k = 16; k < 27; k++) out[k] *= head / ARROW_HEAD;
  return out;
}

// In which control steps a foot (0 left, 1 right) bears a force.
function footSteps(trace, foot) {
  const part = trace.feet.indexOf(foot);
  return Array.from(
    { length: trace.steps },
    (_, step) => part >= 0 && length(partForce(trace, part, step)) > LEAST_NEWTONS,
  );
}
