// The curves under the timeline.

const ROW_HEIGHT = 47,
  CURVE_TOP = 20,
  CONTACT_ROW_HEIGHT = 38;
const LEAST_SPANS = [40, 4, 0.5, 60, 60];
const ASSIST_CURVE = {
  name: "Assist",
  unit: "N",
  digits: 0,
  about: "Norm of the assist force; the thin line is its limit.",
};

const MISSING_CURVE = {
  name: "Missing force",
  unit: "N",
  digits: 0,
  about:
    "The score: norm of the force on the root that gravity, inertia and the contacts in reach do not explain, " +
    "in the motion as it is.",
};

// The rows of a scene: the curves of all motions; the missing force where there is a score, and assist and contacts
// where there is a trace.
function curveRows(scene) {
  const traced = scene.figures.some((figure) => figure.trace),
    rows = CURVES.map((curve, index) => ({ ...curve, index }));
  if (scene.figures.some((figure) => figure.missing)) rows.push({ ...MISSING_CURVE, index: MISSING_ROW });
  if (traced)
    rows.push({ ...ASSIST_CURVE, index: ASSIST_ROW }, { name: "Feet on the floor", unit: "left, right", index: -1 });
  let top = 0;
  for (const row of rows) {
    row.top = top;
    row.height = row.index < 0 ? CONTACT_ROW_HEIGHT : ROW_HEIGHT;
    top += row.height;
  }
  return rows;
}

function layCurves(root, state) {
  state.rows = curveRows(state.scene);
  const last = state.rows[state.rows.length - 1];
  root.querySelector(".plot").style.height = `${last.top + last.height}px`;
  root.querySelector(".track-heads").innerHTML = state.rows
    .map((row) => {
      const values =
        row.index < 0
          ? ""
          : state.scene.figures
              .map((figure, place) => {
                return `<b data-place="${place}" style="--own:${ownColor(figure)}"></b>`;
              })
              .join("");
      return `<div style="height:${row.height}px" title="${escapeText(row.about || "")}"><span>${row.name}</span>
<small>${row.unit}</small><span class="values">${values}</span></div>`;
    })
    .join("");
}

// Write the values at a time to the heads of the rows.
function writeCurveValues(root, state, t) {
  root.querySelectorAll(".track-heads > div").forEach((head, k) => {
    const row = state.rows[k];
    for (const cell of head.querySelectorAll("b")) {
      const place = Number(cell.dataset.place),
        value = curveAt(state.scene.figures[place], row.index, t);
      cell.hidden = state.hidden.has(place) || !Number.isFinite(value);
      if (!cell.hidden) cell.textContent = signed(value.toFixed(row.digits));
    }
  });
}

function seriesOf(figure, index) {
  if (index < CURVES.length) return { values: figure.series[index], fps: figure.fps, steps: false };
  if (index === MISSING_ROW)
    return figure.missing ? { values: figure.missing, fps: figure.fps, steps: false } : null;
  return figure.trace ? { values: figure.trace.assistNorm, fps: figure.trace.fps, steps: true } : null;
}

function drawCurves(root, state) {
  const canvas = root.querySelector(".plot"),
    ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth,
    height = canvas.clientHeight,
    style = getComputedStyle(canvas);
  if (!width) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d"),
    seconds = state.scene.seconds || 1,
    x = (t) => (t / seconds) * width;
  const probe = root.querySelector(".cursor"),
    ink = style.color,
    color = (name) => style.getPropertyValue(`--${name}`).trim();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const resolve = (value) => {
    // a colour of the style sheet as the canvas takes it
    const before = probe.style.color;
    probe.style.color = value;
    const out = getComputedStyle(probe).color;
    probe.style.color = before;
    return out;
  };
  const shown = shownFigures(state),
    own = (figure) => resolve(ownColor(figure));
  const paint = {
    ink,
    own,
    sunk: resolve(color("sunk")),
    contact: resolve(color("contact")),
    rule: resolve(color("rule")),
  };
  for (const { kind, from, to } of marksOf(state.scene, shown)) {
    pen.globalAlpha = 0.1;
    pen.fillStyle = resolve(color(kind === "failed" ? "sunk" : "assist"));
    pen.fillRect(x(from), 0, x(to) - x(from), height);
    pen.globalAlpha = 1;
  }
  for (const row of state.rows) {
    pen.fillStyle = paint.rule;
    pen.fillRect(0, row.top, width, 1);
    if (row.index < 0) drawFootSteps(pen, row, shown, x, paint);
    else drawRow(pen, row, shown, x, width, paint);
  }
}

function drawRow(pen, row, shown, x, width, paint) {
  const all = shown.map((figure) => [figure, seriesOf(figure, row.index)]).filter(([, series]) => series);
  let low = 0,
    high = LEAST_SPANS[row.index];
  for (const [, series] of all)
    for (const value of series.values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  const bottom = row.top + row.height - 5,
    top = row.top + CURVE_TOP;
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  pen.fillStyle = paint.rule;
  pen.fillRect(0, y(0), width, 1);
  if (low < 0) {
    // below the floor
    pen.globalAlpha = 0.14;
    pen.fillStyle = paint.sunk;
    pen.fillRect(0, y(0), width, y(low) - y(0));
    pen.globalAlpha = 1;
  }
  for (const [figure, series] of all) {
    const trace = (values) => {
      pen.beginPath();
      values.forEach((value, i) => {
        pen.lineTo(x(i / series.fps), y(Math.min(value, high)));
        if (series.steps) pen.lineTo(x((i + 1) / series.fps), y(Math.min(value, high)));
      });
      pen.stroke();
    };
    pen.strokeStyle = paint.own(figure);
    pen.lineJoin = "round";
    pen.lineWidth = 1.6;
    trace(series.values);
    if (series.steps) {
      pen.lineWidth = 0.7;
      pen.globalAlpha = 0.7;
      trace(figure.trace.assistLimit);
      pen.globalAlpha = 1;
    }
  }
  pen.fillStyle = paint.ink;
  pen.globalAlpha = 0.6;
  pen.font = "10px system-ui, sans-serif";
  pen.textAlign = "right";
  pen.fillText(formatNumber(high), width - 4, top + 2);
  pen.globalAlpha = 1;
}

function drawFootSteps(pen, row, shown, x, paint) {
  const figure = shown.find((each) => each.trace);
  if (!figure) return;
  pen.fillStyle = paint.contact;
  for (const foot of [0, 1]) {
    const down = footSteps(figure.trace, foot);
    for (let from = 0, to; from < down.length; from = to) {
      for (to = from + 1; to < down.length && down[to] === down[from]; ) to++;
      const left = x(from / figure.trace.fps);
      if (down[from]) pen.fillRect(left, row.top + CURVE_TOP + 9 * foot, x(to / figure.trace.fps) - left, 6);
    }
  }
}
