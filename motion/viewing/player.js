// Draws stick figures on a canvas: drag to rotate, wheel to zoom, space to play, arrow keys to step.
// It has no dependencies and does not use the network.
(function () {
  "use strict";
  if (window.plumbPlayer) return;

  const COLOURS = ["#c2410c", "#1d6fa5", "#3f7d20", "#7e3f98", "#8a6d00", "#b0265f"];
  const GRID_M = 0.5, GRID_CELLS = 8, SUNK_M = -0.01;

  function colourOf(figure, index) { return figure.color || COLOURS[index % COLOURS.length]; }

  // Decode the positions of a figure: base64 of little-endian uint16, each axis scaled to its own range.
  function decode(figure) {
    const raw = atob(figure.data), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    const view = new DataView(bytes.buffer), out = new Float32Array(bytes.length / 2);
    for (let i = 0; i < out.length; i++) {
      out[i] = figure.low[i % 3] + view.getUint16(2 * i, true) * figure.step[i % 3];
    }
    return out;
  }

  // Return the joints of a figure at time t as [[x, y, z], ...], by linear interpolation between frames.
  function pose(figure, joints, t) {
    const last = figure.frames - 1, at = Math.max(0, Math.min(last, t * figure.fps));
    const i = Math.floor(at), w = at - i, a = i * joints * 3, b = Math.min(last, i + 1) * joints * 3;
    const out = [];
    for (let j = 0; j < joints * 3; j += 3) {
      out.push([0, 1, 2].map((k) => (1 - w) * figure.xyz[a + j + k] + w * figure.xyz[b + j + k]));
    }
    return out;
  }

  function camera(view, target, rect) {
    const cy = Math.cos(view.yaw), sy = Math.sin(view.yaw), cp = Math.cos(view.pitch), sp = Math.sin(view.pitch);
    const distance = 7, focal = (rect.h * 2.6 * view.zoom);
    return function (p) {
      const x = p[0] - target[0], y = p[1] - target[1], z = p[2] - target[2];
      const right = cy * x - sy * z, away = -(sy * x + cy * z);
      const up = cp * y + sp * away, depth = distance + cp * away - sp * y;
      const scale = focal / Math.max(0.5, depth);
      return [rect.x + rect.w / 2 + right * scale, rect.y + rect.h * 0.52 - up * scale, depth, scale];
    };
  }

  function line(ctx, a, b) { ctx.beginPath(); ctx.moveTo(a[0], a[1]); ctx.lineTo(b[0], b[1]); ctx.stroke(); }

  function drawFloor(ctx, project, target) {
    const cx = Math.round(target[0] / GRID_M) * GRID_M, cz = Math.round(target[2] / GRID_M) * GRID_M;
    const reach = GRID_CELLS / 2 * GRID_M;
    ctx.lineWidth = 1;
    for (let i = -GRID_CELLS / 2; i <= GRID_CELLS / 2; i++) {
      const o = i * GRID_M;
      for (const [a, b, at] of [
        [[cx + o, 0, cz - reach], [cx + o, 0, cz + reach], cx + o],
        [[cx - reach, 0, cz + o], [cx + reach, 0, cz + o], cz + o]]) {
        ctx.strokeStyle = Math.abs(at) < 1e-6 ? "#aab4be" : "#dde3e8";
        line(ctx, project(a), project(b));
      }
    }
  }

  function drawFigure(ctx, project, points, bones, colour) {
    ctx.lineCap = "round";
    ctx.strokeStyle = "rgba(30,40,50,0.16)";
    for (const [a, b] of bones) {  // the shadow on the floor shows whether a foot floats
      const p = project([points[a][0], 0, points[a][2]]), q = project([points[b][0], 0, points[b][2]]);
      ctx.lineWidth = Math.max(1, 0.03 * p[3]);
      line(ctx, p, q);
    }
    const seen = points.map(project);
    const order = bones.map(([a, b]) => [a, b, seen[a][2] + seen[b][2]]).sort((m, n) => n[2] - m[2]);
    for (const [a, b] of order) {
      const p = seen[a], q = seen[b], width = Math.max(1.5, 0.045 * (p[3] + q[3]) / 2);
      ctx.strokeStyle = "#ffffff"; ctx.lineWidth = width + 2; line(ctx, p, q);
      ctx.strokeStyle = colour; ctx.lineWidth = width; line(ctx, p, q);
    }
    const head = seen[15];
    ctx.fillStyle = colour; ctx.beginPath();
    ctx.arc(head[0], head[1], Math.max(3, 0.09 * head[3]), 0, 2 * Math.PI); ctx.fill();
    ctx.fillStyle = "#e00000";
    points.forEach((p, j) => {
      if (p[1] >= SUNK_M) return;
      ctx.beginPath(); ctx.arc(seen[j][0], seen[j][1], Math.max(2, 0.035 * seen[j][3]), 0, 2 * Math.PI); ctx.fill();
    });
  }

  function start(root) {
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const canvas = root.querySelector("canvas"), ctx = canvas.getContext("2d");
    const find = (name) => root.querySelector("." + name);
    const bones = data.parents.map((parent, joint) => [parent, joint]).filter((bone) => bone[0] >= 0);
    const view = { yaw: 0.7, pitch: 0.22, zoom: 1, overlay: false };
    let scene, t = 0, playing = !matchMedia("(prefers-reduced-motion: reduce)").matches, visible = true, then = null;

    function choose(index) {
      scene = data.scenes[index];
      scene.figures.forEach((figure) => { if (!figure.xyz) figure.xyz = decode(figure); });
      scene.seconds = Math.max(...scene.figures.map((figure) => (figure.frames - 1) / figure.fps));
      find("caption").textContent = scene.caption || "";
      find("overlay").parentElement.hidden = scene.figures.length < 2;
      find("time").max = scene.seconds;
      t = 0;
    }

    function draw() {
      const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = data.height;
      if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
        canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
      }
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, w, h);
      const figures = scene.figures, poses = figures.map((figure) => pose(figure, data.parents.length, t));
      const panels = view.overlay ? 1 : figures.length;
      for (let k = 0; k < panels; k++) {
        const rect = { x: k * w / panels, y: 0, w: w / panels, h: h }, target = [poses[k][0][0], 0.85, poses[k][0][2]];
        const project = camera(view, target, rect);
        ctx.save(); ctx.beginPath(); ctx.rect(rect.x, 0, rect.w, h); ctx.clip();
        drawFloor(ctx, project, target);
        const shown = view.overlay ? figures.map((_, i) => i) : [k];
        shown.forEach((i, layer) => {
          ctx.globalAlpha = layer > 0 ? 0.7 : 1;  // keep the first figure visible through the ones laid over it
          drawFigure(ctx, project, poses[i], bones, colourOf(figures[i], i));
        });
        ctx.globalAlpha = 1;
        shown.forEach((i, row) => {
          ctx.fillStyle = colourOf(figures[i], i); ctx.font = "600 14px system-ui, sans-serif";
          ctx.fillText(figures[i].label, rect.x + 12, 22 + 19 * row);
        });
        ctx.restore();
        if (k > 0) { ctx.strokeStyle = "#d5dbe1"; ctx.lineWidth = 1; line(ctx, [rect.x, 0], [rect.x, h]); }
      }
      find("time").value = t;
      find("play").textContent = playing ? "Pause" : "Play";
      find("clock").textContent = t.toFixed(2) + " / " + scene.seconds.toFixed(2) + " s";
    }

    function tick(now) {
      if (playing && visible && then !== null) {
        t += (now - then) / 1000 * Number(find("speed").value);
        if (t > scene.seconds) t = scene.seconds > 0 ? t % scene.seconds : 0;
      }
      then = now;
      if (visible) draw();
      requestAnimationFrame(tick);
    }

    function step(frames) { playing = false; t = Math.max(0, Math.min(scene.seconds, t + frames / scene.figures[0].fps)); }
    find("play").addEventListener("click", () => { playing = !playing; });
    find("time").addEventListener("input", (event) => { playing = false; t = Number(event.target.value); });
    find("overlay").addEventListener("change", (event) => { view.overlay = event.target.checked; });
    find("scene").addEventListener("change", (event) => choose(Number(event.target.value)));
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      view.yaw -= (event.clientX - held[0]) * 0.008;
      view.pitch = Math.max(-0.1, Math.min(1.5, view.pitch + (event.clientY - held[1]) * 0.006));
      held = [event.clientX, event.clientY];
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      view.zoom = Math.max(0.3, Math.min(5, view.zoom * Math.exp(-event.deltaY * 0.001)));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (event.key === " ") playing = !playing;
      else if (event.key === "ArrowRight") step(1);
      else if (event.key === "ArrowLeft") step(-1);
      else return;
      event.preventDefault();
    });
    canvas.style.height = data.height + "px";
    // Do not draw a player that is scrolled out of view.
    new IntersectionObserver((entries) => { visible = entries[entries.length - 1].isIntersecting; }).observe(canvas);
    choose(0);
    draw();
    requestAnimationFrame(tick);
  }

  window.plumbPlayer = start;
})();
