// Buttons and keys of a player.

function listenToControls(root, whole, state, act) {
  const find = (name) => root.querySelector(name);
  const zoom = (factor) => act.change(() => zoomView(state.view, factor));
  const look = (name) =>
    act.change(() => {
      [state.view.yaw, state.view.pitch] = VIEWPOINTS[name];
    });

  function toggleLoop() {
    const around = [state.t - 0.5, state.t + 0.5].map((t) => clamp(t, 0, state.scene.seconds));
    act.loop(state.loop || around[1] <= around[0] ? null : around);
  }

  function loopEdge(end) {
    const other = state.loop ? state.loop[1 - end] : end ? 0 : state.scene.seconds;
    if (end ? state.t > other : state.t < other) act.loop(end ? [other, state.t] : [state.t, other]);
  }

  function nextMode() {
    const modes = Object.keys(CAMERA_MODES);
    act.change(() => {
      state.view.mode = modes[(modes.indexOf(state.view.mode) + 1) % modes.length];
    });
  }

  function toggleBody(place) {
    if (state.hidden.has(place)) act.change(() => state.hidden.delete(place));
    else if (state.hidden.size + 1 < state.scene.figures.length) act.change(() => state.hidden.add(place));
  }

  const keys = {
    " ": () => act.play(!state.playing),
    k: () => act.play(!state.playing),
    ArrowRight: (event) => act.step(event.shiftKey ? 10 : 1),
    ArrowLeft: (event) => act.step(event.shiftKey ? -10 : -1),
    Home: () => act.step(-1e9),
    End: () => act.step(1e9),
    n: () => act.neighbour(1),
    p: () => act.neighbour(-1),
    o: () =>
      act.change(() => {
        state.overlay = !state.overlay;
      }),
    c: nextMode,
    f: () =>
      act.change(() => {
        state.showForces = !state.showForces;
      }),
    l: toggleLoop,
    "[": () => loopEdge(0),
    "]": () => loopEdge(1),
    "+": () => zoom(1.15),
    "-": () => zoom(1 / 1.15),
    1: () => look("front"),
    2: () => look("side"),
    3: () => look("above"),
    4: () => look("corner"),
    0: () => act.change(() => Object.assign(state.view, newView())),
  };
  (whole ? document : root).addEventListener("keydown", (event) => {
    const inside = (names) => event.target.closest && event.target.closest(names);
    if (inside("input, select, textarea") || (event.key === " " && inside("button, summary"))) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    keys[event.key](event);
    event.preventDefault();
  });
  find(".play").addEventListener("click", () => act.play(!state.playing));
  find(".back").addEventListener("click", () => act.step(-1));
  find(".next").addEventListener("click", () => act.step(1));
  find(".loop").addEventListener("click", toggleLoop);
  find(".speed").addEventListener("change", (event) => {
    state.speed = Number(event.target.value);
  });
  find(".forces").addEventListener("click", keys.f);
  find(".chips").addEventListener("click", (event) => {
    const chip = event.target.closest("button");
    if (chip) toggleBody(Number(chip.dataset.place));
  });
  for (const button of root.querySelectorAll("[data-overlay]")) {
    button.addEventListener("click", () =>
      act.change(() => {
        state.overlay = button.dataset.overlay === "1";
      }),
    );
  }
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.addEventListener("click", () =>
      act.change(() => {
        state.view.mode = button.dataset.mode;
      }),
    );
  }
  if (find(".scene")) find(".scene").addEventListener("change", (event) => act.choose(Number(event.target.value)));
}
