// Mouse, touch and pinch on the picture.

function listenToPicture(canvas, state, whole, changed) {
  const pointers = new Map();
  const middle = () => {
    const all = [...pointers.values()];
    return [0, 1].map((axis) => all.reduce((sum, each) => sum + each[axis], 0) / all.length);
  };
  const apart = () => {
    const [a, b] = [...pointers.values()];
    return b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
  };
  canvas.style.touchAction = whole ? "none" : "pan-y";
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("held");
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    const before = middle(),
      wide = apart();
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = middle(),
      dx = after[0] - before[0],
      dy = after[1] - before[1];
    if (pointers.size > 1) {
      panView(state.view, dx, dy, canvas.clientHeight);
      if (wide > 0) zoomView(state.view, apart() / wide);
    } else if (event.shiftKey || event.buttons & 6) panView(state.view, dx, dy, canvas.clientHeight);
    else turnView(state.view, dx, dy);
    changed();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) canvas.classList.remove("held");
      changed(true);
    });
  }
  canvas.addEventListener(
    "wheel",
    (event) => {
      // In the middle of a report the wheel scrolls the page until the picture has been clicked.
      if (!whole && !event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      zoomView(state.view, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.001)));
      changed(true);
    },
    { passive: false },
  );
  canvas.addEventListener("dblclick", () => {
    Object.assign(state.view, newView(), { mode: state.view.mode });
    changed(true);
  });
}
