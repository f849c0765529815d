// Vectors [x, y, z], quaternions [w, x, y, z] and 4 x 4 matrices (column by column, as WebGL takes them).

function subtract(a, b) {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
function add(a, b) {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}
function scaled(a, s) {
  return [a[0] * s, a[1] * s, a[2] * s];
}
function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
function length(a) {
  return Math.hypot(a[0], a[1], a[2]);
}
function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
function unit(a) {
  const n = length(a);
  return n > 1e-9 ? scaled(a, 1 / n) : [0, 1, 0];
}
function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

// The shortest rotation that brings direction a onto direction b.
function rotationBetween(a, b) {
  const from = unit(a),
    to = unit(b),
    w = 1 + dot(from, to);
  if (w < 1e-6) {
    // opposite directions: half a turn about any axis across
    const axis = unit(cross(from, Math.abs(from[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));
    return [0, axis[0], axis[1], axis[2]];
  }
  const v = cross(from, to),
    n = Math.hypot(w, v[0], v[1], v[2]);
  return [w / n, v[0] / n, v[1] / n, v[2] / n];
}

// Write the matrix of a rotation q, then a translation p, to `out` from `at` on.
function writeTransform(out, at, q, p) {
  const [w, x, y, z] = q;
  out[at] = 1 - 2 * (y * y + z * z);
  out[at + 1] = 2 * (x * y + w * z);
  out[at + 2] = 2 * (x * z - w * y);
  out[at + 4] = 2 * (x * y - w * z);
  out[at + 5] = 1 - 2 * (x * x + z * z);
  out[at + 6] = 2 * (y * z + w * x);
  out[at + 8] = 2 * (x * z + w * y);
  out[at + 9] = 2 * (y * z - w * x);
  out[at + 10] = 1 - 2 * (x * x + y * y);
  out[at + 12] = p[0];
  out[at + 13] = p[1];
  out[at + 14] = p[2];
  out[at + 3] = out[at + 7] = out[at + 11] = 0;
  out[at + 15] = 1;
}

function multiplied(a, b) {
  const out = new Float32Array(16);
  for (let column = 0; column < 4; column++) {
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[4 * k + row] * b[4 * column + k];
      out[4 * column + row] = sum;
    }
  }
  return out;
}

function perspective(fovY, aspect, near, far) {
  const f = 1 / Math.tan(fovY / 2),
    out = new Float32Array(16);
  out[0] = f / aspect;
  out[5] = f;
  out[10] = (far + near) / (near - far);
  out[11] = -1;
  out[14] = (2 * far * near) / (near - far);
  return out;
}

function orthographic(half, near, far) {
  const out = new Float32Array(16);
  out[0] = out[5] = 1 / half;
  out[10] = -2 / (far - near);
  out[14] = -(far + near) / (far - near);
  out[15] = 1;
  return out;
}

function lookAt(eye, target) {
  const back = unit(subtract(eye, target)),
    right = unit(cross([0, 1, 0], back)),
    up = cross(back, right);
  return new Float32Array([
    right[0],
    up[0],
    back[0],
    0,
    right[1],
    up[1],
    back[1],
    0,
    right[2],
    up[2],
    back[2],
    0,
    -dot(right, eye),
    -dot(up, eye),
    -dot(back, eye),
    1,
  ]);
}

// Project a point: [x, y] in the range -1 to 1, and the depth in front of the camera.
function projected(matrix, p) {
  const at = (row) => matrix[row] * p[0] + matrix[4 + row] * p[1] + matrix[8 + row] * p[2] + matrix[12 + row];
  const w = at(3);
  return [at(0) / w, at(1) / w, w];
}
