// From the state of a player to what its renderer draws.

const GHOST_ALPHA = 0.42,
  PANEL_GAP = 2;

// The colours of a player's theme as linear RGB, read from its style sheet.
function readTheme(root) {
  const probe = document.createElement("i");
  root.appendChild(probe);
  const read = (color) => {
    probe.style.color = "";
    probe.style.color = color;
    const computed = getComputedStyle(probe).color,
      numbers = computed.match(/[\d.]+/g).map(Number);
    const full = computed.startsWith("color(") ? 1 : 255; // a mixed colour is a "color(srgb 0.1 0.5 0.4)"
    return numbers.slice(0, 3).map((value) => Math.pow(value / full, 2.2));
  };
  const theme = { read };
  const names = {
    paper: "paper",
    skyColor: "sky",
    floorColor: "floor",
    lineColor: "grid",
    contact: "contact",
    sunk: "sunk",
    assist: "assist",
  };
  for (const [key, name] of Object.entries(names)) theme[key] = read(`var(--${name})`);
  theme.shade = theme.skyColor[1] > 0.3 ? 0.38 : 0.62;
  probe.style.color = "";
  return theme;
}

// The figures that are shown, with their places in the scene.
function shownFigures(state) {
  return state.scene.figures.filter((figure, place) => !state.hidden.has(place));
}

// The rectangles of panels in pixels: side by side, or one for all.
function panelRectangles(count, overlay, width, height) {
  const panels = overlay ? 1 : Math.max(1, count),
    columns = width / panels < 150 ? Math.ceil(panels / 2) : panels;
  const rows = Math.ceil(panels / columns),
    w = width / columns,
    h = height / rows;
  return Array.from({ length: panels }, (_, k) => {
    const left = Math.round((k % columns) * w),
      top = Math.round(Math.floor(k / columns) * h);
    return [
      left,
      top,
      Math.round(((k % columns) + 1) * w) - left - ((k % columns) + 1 < columns ? PANEL_GAP : 0),
      Math.round(h) - (k < panels - columns ? PANEL_GAP : 0),
    ];
  });
}

// Upload what a scene is drawn with; the meshes of the scene before are given back.
function uploadScene(renderer, state, theme) {
  for (const object of state.uploaded) renderer.forget(object);
  state.uploaded = [];
  for (const figure of state.scene.figures) {
    figure.mesh = renderer.upload(bodyMesh(figure.shapes));
    figure.trail = renderer.uploadTrail(figure.path);
    figure.linear = theme.read(ownColor(figure));
    figure.matrices = new Float32Array(16 * JOINTS);
    state.uploaded.push(figure.mesh, figure.trail);
  }
}

// Everything that is drawn at the state's time, panel by panel.
function composePanels(state, theme, width, height, floor) {
  const shown = shownFigures(state),
    t = state.t;
  for (const figure of shown) {
    figure.joints = shapeMatrices(figure, t, figure.matrices);
    figure.forces = state.showForces && figure.trace ? forcesAt(figure, figure.joints, t, floor) : [];
    figure.touch = state.showForces && figure.trace ? touchedShapes(figure.trace, t) : null;
  }
  const rectangles = panelRectangles(shown.length, state.overlay, width, height);
  return rectangles.slice(0, state.overlay ? 1 : shown.length).map((rectangle, k) => {
    const figures = state.overlay ? shown : [shown[k]];
    const place = lookedAt(state.view, state.scene, shown, figures[0], t);
    // The last figure is the result: solid, and the others are ghosts that it is seen through.
    const bodies = [...figures].reverse().map((figure, order) => ({
      mesh: figure.mesh,
      matrices: figure.matrices,
      color: figure.linear,
      touch: figure.touch,
      alpha: order === 0 ? 1 : GHOST_ALPHA,
    }));
    const solid = figures[figures.length - 1],
      root = solid.joints;
    const spread = Math.max(
      ...Array.from({ length: JOINTS }, (_, j) =>
        Math.hypot(root[3 * j] - root[0], root[3 * j + 1] - root[1], root[3 * j + 2] - root[2]),
      ),
    );
    return {
      rectangle,
      bodies,
      figures,
      floor,
      camera: panelCamera(state.view, place, state.scene, rectangle),
      arrows: figures
        .flatMap((figure) => figure.forces)
        .map((force) => ({
          ...force,
          color: theme[force.kind],
          matrices: arrowMatrices(force),
        })),
      trails: figures.map((figure) => ({ line: figure.trail, color: figure.linear })),
      shadowCentre: [root[0], Math.max(0.4, root[1] * 0.6), root[2]],
      shadowReach: Math.max(1.3, spread + 0.6 + Math.max(0, root[1] - 1)),
    };
  });
}
