// The timeline: ticks, marked stretches, the stretch that is looped, and dragging over it and the curves below.

const HANDLE_PIXELS = 9,
  THUMB_PIXELS = 22,
  LAST_TICK_PIXELS = 24,
  LEAST_LOOP_SECONDS = 0.1;

function tickStep(seconds, width) {
  const least = (64 * seconds) / Math.max(1, width);
  return [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300].find((step) => step >= least) || 600;
}

// The stretches that are marked: [{ kind: "failed" or "assisted", from, to }, ...].
function marksOf(scene, shown) {
  return shown.flatMap((figure) => {
    const carried = figure.trace ? figure.trace.carried.map(([from, to]) => ({ kind: "assisted", from, to })) : [];
    const failed = figure.failed_s === undefined ? [] : [{ kind: "failed", from: figure.failed_s, to: figure.seconds }];
    return [...carried, ...failed].map((mark) => ({ ...mark, to: Math.min(mark.to, scene.seconds) }));
  });
}

function drawTimeline(root, state) {
  const box = root.querySelector(".timeline"),
    seconds = state.scene.seconds || 1,
    parts = [];
  const percent = (t) => `${(100 * clamp(t / seconds, 0, 1)).toFixed(3)}%`;
  for (const { kind, from, to } of marksOf(state.scene, shownFigures(state))) {
    const place = `left:${percent(from)};width:${percent(to - from)}`;
    const words = `${kind} from ${from.toFixed(1)} to ${to.toFixed(1)} s`;
    parts.push(`<span class="mark ${kind}" style="${place}" title="${words}"><b>${kind}</b></span>`);
  }
  const step = tickStep(seconds, box.clientWidth);
  for (let k = 0; k === 0 || k * step <= seconds * (1 - LAST_TICK_PIXELS / box.clientWidth); k++) {
    const text = (k * step).toFixed(step < 1 ? 1 : 0) + (k === 0 ? " s" : "");
    parts.push(`<span class="tick" style="left:${percent(k * step)}">${text}</span>`);
  }
  box.innerHTML = parts.join("");
  box.setAttribute("aria-valuemax", seconds.toFixed(3));
  const band = root.querySelector(".loop-band");
  band.hidden = !state.loop;
  if (state.loop) band.style.cssText = `left:${percent(state.loop[0])};width:${percent(state.loop[1] - state.loop[0])}`;
  root.querySelector(".loop").setAttribute("aria-pressed", String(Boolean(state.loop)));
}

// Let the pointer set the time, the looped stretch (with shift, or at its ends), and what the curves say.
function listenToTracks(root, state, act) {
  const tracks = root.querySelector(".tracks");
  const timeOf = (event) => {
    const box = tracks.getBoundingClientRect();
    return clamp((event.clientX - box.left) / box.width, 0, 1) * state.scene.seconds;
  };
  const near = (event, t) => {
    const pixels = (Math.abs(timeOf(event) - t) / state.scene.seconds) * tracks.clientWidth;
    return pixels < (event.pointerType === "touch" ? THUMB_PIXELS : HANDLE_PIXELS);
  };
  let drag = null;
  tracks.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const t = timeOf(event),
      end = state.loop ? state.loop.findIndex((edge) => near(event, edge)) : -1;
    if (event.shiftKey) drag = { anchor: t };
    else if (end >= 0) drag = { anchor: state.loop[1 - end] };
    else {
      drag = {};
      act.pause();
      act.seek(t);
    }
    tracks.setPointerCapture(event.pointerId);
    if (event.target.closest("[tabindex]")) event.target.closest("[tabindex]").focus({ preventScroll: true });
    event.preventDefault();
  });
  tracks.addEventListener("pointermove", (event) => {
    const t = timeOf(event);
    if (!drag) {
      act.hover(event.pointerType === "mouse" ? t : null);
      return;
    }
    if (drag.anchor === undefined) act.seek(t);
    else if (Math.abs(t - drag.anchor) >= LEAST_LOOP_SECONDS)
      act.loop([Math.min(t, drag.anchor), Math.max(t, drag.anchor)]);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    tracks.addEventListener(end, () => {
      if (drag) act.settle();
      drag = null;
    });
  }
  tracks.addEventListener("pointerleave", () => act.hover(null));
}
