// Surfaces of triangles: the body's capsules and boxes, and the two parts of an arrow. A vertex has a position, a
// normal and the number of the matrix that moves it.

const AROUND = 20,
  RINGS = 6;

function newMesh() {
  return { vertices: [], triangles: [] };
}

function addVertex(mesh, p, n, matrix) {
  mesh.vertices.push(p[0], p[1], p[2], n[0], n[1], n[2], matrix);
  return mesh.vertices.length / 7 - 1;
}

// A surface of revolution about the line from a: rings of [distance along the axis, radius, slope of the normal].
function addRevolved(mesh, a, axis, rings, matrix) {
  const side = unit(cross(axis, Math.abs(axis[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0])),
    other = cross(axis, side);
  const start = mesh.vertices.length / 7;
  for (const [along, radius, slope] of rings) {
    for (let i = 0; i < AROUND; i++) {
      const angle = (2 * Math.PI * i) / AROUND;
      const out = add(scaled(side, Math.cos(angle)), scaled(other, Math.sin(angle)));
      const normal = add(scaled(out, Math.sqrt(Math.max(0, 1 - slope * slope))), scaled(axis, slope));
      addVertex(mesh, add(a, add(scaled(axis, along), scaled(out, radius))), normal, matrix);
    }
  }
  for (let ring = 0; ring + 1 < rings.length; ring++) {
    for (let i = 0; i < AROUND; i++) {
      const p = start + ring * AROUND + i,
        q = start + ring * AROUND + ((i + 1) % AROUND);
      mesh.triangles.push(p, q, q + AROUND, p, q + AROUND, p + AROUND);
    }
  }
}

function addCapsule(mesh, a, b, radius, matrix) {
  const between = subtract(b, a),
    far = length(between),
    rings = [];
  for (let end = 0; end < 2; end++) {
    for (let ring = 0; ring <= RINGS; ring++) {
      const angle = (Math.PI / 2) * (end ? ring / RINGS : ring / RINGS - 1);
      rings.push([(end ? far : 0) + radius * Math.sin(angle), radius * Math.cos(angle), Math.sin(angle)]);
    }
  }
  addRevolved(mesh, a, unit(between), rings, matrix);
}

// A box with rounded looks: its edges are cut off, which catches the light.
function addBox(mesh, centre, half, matrix) {
  const bevel = Math.min(0.012, 0.6 * Math.min(...half)),
    inner = half.map((h) => h - bevel),
    at = (v) => add(centre, v);
  const corners = {};
  for (let axis = 0; axis < 3; axis++) {
    for (const side of [-1, 1]) {
      for (const u of [-1, 1])
        for (const v of [-1, 1]) {
          const p = [0, 0, 0],
            n = [0, 0, 0],
            signs = [0, 0, 0];
          signs[axis] = side;
          signs[(axis + 1) % 3] = u;
          signs[(axis + 2) % 3] = v;
          for (let k = 0; k < 3; k++) p[k] = signs[k] * (k === axis ? half[k] : inner[k]);
          n[axis] = side;
          corners[axis + signs.join()] = addVertex(mesh, at(p), n, matrix);
        }
    }
  }
  const corner = (axis, signs) => corners[axis + signs.join()];
  const quad = (a, b, c, d) => {
    // wound so that it faces outwards
    const point = (i) => mesh.vertices.slice(7 * i, 7 * i + 3);
    const normal = cross(subtract(point(b), point(a)), subtract(point(c), point(a)));
    const outward = subtract(scaled(add(point(a), point(c)), 0.5), centre);
    mesh.triangles.push(...(dot(normal, outward) > 0 ? [a, b, c, a, c, d] : [a, c, b, a, d, c]));
  };
  for (let axis = 0; axis < 3; axis++) {
    const b = (axis + 1) % 3,
      c = (axis + 2) % 3,
      signed = (x, y, z) => {
        const signs = [0, 0, 0];
        signs[axis] = x;
        signs[b] = y;
        signs[c] = z;
        return signs;
      };
    for (const side of [-1, 1]) {
      quad(
        ...[
          [-1, -1],
          [1, -1],
          [1, 1],
          [-1, 1],
        ].map(([u, v]) => corner(axis, signed(side, u, v))),
      );
      for (const other of [-1, 1]) {
        // the edge between the faces of two axes
        quad(
          corner(axis, signed(side, other, -1)),
          corner(axis, signed(side, other, 1)),
          corner(b, signed(side, other, 1)),
          corner(b, signed(side, other, -1)),
        );
      }
    }
  }
  for (const x of [-1, 1])
    for (const y of [-1, 1])
      for (const z of [-1, 1]) {
        const [p, q, r] = [0, 1, 2].map((axis) => corner(axis, [x, y, z]));
        quad(p, q, r, r);
      }
}

function bodyMesh(shapes) {
  const mesh = newMesh();
  shapes.forEach((s, joint) => {
    if (s[0]) addBox(mesh, s.slice(1, 4), s.slice(4, 7), joint);
    else addCapsule(mesh, s.slice(1, 4), s.slice(4, 7), s[7], joint);
  });
  return mesh;
}

// An arrow along +Y: matrix 0 moves the shaft, of length 1, and matrix 1 the head, whose tip is at its origin.
const ARROW_HEAD = 0.11;
function arrowMesh() {
  const mesh = newMesh(),
    slope = 0.4;
  addRevolved(
    mesh,
    [0, 0, 0],
    [0, 1, 0],
    [
      [0, 0, -1],
      [0, 0.014, -1],
      [0, 0.014, 0],
      [1, 0.014, 0],
    ],
    0,
  );
  const head = [
    [-ARROW_HEAD, 0, -1],
    [-ARROW_HEAD, 0.042, -1],
    [-ARROW_HEAD, 0.042, slope],
    [0, 0, slope],
  ];
  addRevolved(mesh, [0, 0, 0], [0, 1, 0], head, 1);
  return mesh;
}
