// The player: its state, what changes it, and when it draws.

const SLOW_FRAME_MS = 45,
  LEAST_RATIO = 0.6,
  MANY_PLAYERS = 8;

function startPlayer(root) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const whole = Boolean(data.pageTitle),
    calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const element = document.createElement("div");
  element.className = "plumb" + (whole ? " whole" : "");
  element.innerHTML = playerMarkup(data);
  root.appendChild(element);
  const find = (name) => element.querySelector(name),
    canvas = find(".view");
  const state = {
    index: 0,
    scene: null,
    t: 0,
    playing: !calm,
    speed: 1,
    loop: null,
    overlay: false,
    hidden: new Set(),
    hover: null,
    showForces: true,
    view: newView(),
    uploaded: [],
    rows: [],
    visible: false,
    dirty: true,
    frames: 0,
    ratio: 1,
  };
  let renderer = null,
    theme = null,
    panels = [],
    then = null,
    slow = 0,
    lent = null;
  element.style.setProperty("--stage", `${data.height}px`);

  const act = {
    pause() {
      setPlaying(false);
    },
    seek(t) {
      state.t = clamp(t, 0, state.scene.seconds);
      state.dirty = true;
    },
    hover(t) {
      state.hover = t;
      state.dirty = true;
    },
    loop(stretch) {
      state.loop = stretch;
      drawTimeline(element, state);
      state.dirty = true;
    },
    settle() {
      if (whole && !state.playing) writeLink(state);
    },
    choose(index) {
      choose(index);
      act.settle();
    },
    neighbour(by) {
      act.choose(list.neighbour(state.index, by));
    },
    play(yes) {
      setPlaying(yes);
    },
    step(frames) {
      const fps = state.scene.figures[0].fps;
      setPlaying(false);
      act.seek((Math.round(state.t * fps) + frames) / fps);
      act.settle();
    },
    change(how) {
      how();
      refresh();
      act.settle();
    },
  };
  const list = listScenes(element, data, state, act);

  function setPlaying(yes) {
    if (yes && state.t >= state.scene.seconds) state.t = 0;
    state.playing = yes;
    find(".play").innerHTML = icon(yes ? "pause" : "play");
    find(".play").setAttribute("aria-label", yes ? "Pause" : "Play");
    state.dirty = true;
    act.settle();
  }

  function choose(index) {
    state.index = index;
    state.scene = data.scenes[index];
    prepareScene(state.scene, data.parents);
    measureScene(state.scene);
    Object.assign(state, { t: 0, loop: null });
    state.hidden.clear();
    describeScene(element, state.scene, data.definitions);
    if (find(".scene")) find(".scene").value = String(index);
    find(".layout").hidden = state.scene.figures.length < 2;
    find(".forces").hidden = !state.scene.figures.some((figure) => figure.trace);
    if (renderer) uploadScene(renderer, state, theme);
    list.choose(index);
    refresh();
  }

  // Draw anew what does not depend on the time.
  function refresh() {
    showChips(element, state);
    layCurves(element, state);
    drawTimeline(element, state);
    drawCurves(element, state);
    for (const button of element.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === state.view.mode));
    }
    for (const button of element.querySelectorAll("[data-overlay]")) {
      button.setAttribute("aria-pressed", String((button.dataset.overlay === "1") === state.overlay));
    }
    find(".forces").setAttribute("aria-pressed", String(state.showForces));
    state.dirty = true;
  }

  // Set up the graphics when the player is first seen: a page has few contexts to give.
  function startGraphics() {
    theme = readTheme(element);
    try {
      renderer = makeRenderer(canvas);
    } catch (error) {
      console.warn(`plumb: ${error.message}`);
    }
    find(".sentence").hidden = Boolean(renderer);
    canvas.hidden = !renderer;
    if (renderer) uploadScene(renderer, state, theme);
    else {
      find(".sentence").textContent =
        "This browser does not offer WebGL 2, which the picture of the bodies needs; " +
        "switch on hardware or software rendering in its settings. The curves and numbers below work without it.";
    }
  }

  function draw() {
    const width = canvas.clientWidth,
      height = canvas.clientHeight;
    if (renderer && width && height) {
      const ratio = (window.devicePixelRatio || 1) * state.ratio,
        w = Math.round(width * ratio),
        h = Math.round(height * ratio);
      if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
      panels = composePanels(state, theme, width, height, data.floor);
      renderer.draw(panels, theme, ratio);
    }
    const seconds = state.scene.seconds || 1,
      percent = (t) => `${100 * clamp(t / seconds, 0, 1)}%`;
    const frame = framesAt(state.scene.figures[0], state.t),
      clock = find(".clock");
    clock.textContent = `${state.t.toFixed(2)} / ${state.scene.seconds.toFixed(2)} s`;
    clock.title = `frame ${Math.round(frame[0] + frame[2])}`;
    const cursors = element.querySelectorAll(".cursor");
    cursors[0].style.left = percent(state.t);
    cursors[1].hidden = state.hover === null;
    if (state.hover !== null) cursors[1].style.left = percent(state.hover);
    find(".timeline").setAttribute("aria-valuenow", state.t.toFixed(3));
    find(".timeline").setAttribute("aria-valuetext", `${state.t.toFixed(2)} seconds`);
    writeCurveValues(element, state, state.hover === null ? state.t : state.hover);
    state.dirty = false;
    state.frames++;
    if (!state.firstDrawn && panels.length) state.firstDrawn = performance.now();
  }

  function advance(seconds) {
    const [from, to] = state.loop || [0, state.scene.seconds],
      span = to - from;
    state.t += seconds * state.speed;
    if (state.t > to || state.t < from) state.t = span > 0 ? from + ((((state.t - from) % span) + span) % span) : from;
    state.dirty = true;
  }

  function tick(now) {
    if (state.visible) {
      const passed = then === null ? 0 : now - then;
      if (state.playing && passed > 0) {
        advance(Math.min(passed, 250) / 1000);
        slow = passed > SLOW_FRAME_MS ? slow + 1 : 0;
        if (slow > 8 && state.ratio > LEAST_RATIO) {
          // a software renderer: fewer pixels, so that it moves
          state.ratio = Math.max(LEAST_RATIO, state.ratio * 0.8);
          slow = 0;
        }
      }
      if (state.dirty) draw();
    }
    then = now;
    requestAnimationFrame(tick);
  }

  listenToControls(element, whole, state, act);
  if (whole)
    listenToHead(find, formatLink, state, act, () => {
      theme = readTheme(element);
      if (renderer) for (const figure of state.scene.figures) figure.linear = theme.read(ownColor(figure));
      refresh();
    });
  listenToTracks(element, state, act);
  listenToNumbers(element, data.definitions);
  listenToPicture(canvas, state, whole, (settled) => {
    state.dirty = true;
    if (settled) act.settle();
  });
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    renderer = null;
    state.uploaded = [];
  });
  canvas.addEventListener("webglcontextrestored", () => {
    startGraphics();
    state.dirty = true;
  });

  choose(0);
  if (whole) {
    if (applyLink(location.hash, state, data.scenes, choose)) state.playing = false;
    window.addEventListener("hashchange", () => {
      applyLink(location.hash, state, data.scenes, choose);
      refresh();
    });
  }
  setPlaying(state.playing);
  refresh();
  new ResizeObserver(() => {
    showChips(element, state);
    drawTimeline(element, state);
    drawCurves(element, state);
    state.dirty = true;
  }).observe(find(".main"));
  // Do not draw a player that is scrolled out of view.
  new IntersectionObserver((entries) => {
    state.visible = entries[entries.length - 1].isIntersecting;
    if (state.visible && !theme) startGraphics();
    else if (state.visible && lent) {
      lent.restoreContext();
      lent = null;
    } else if (!state.visible && renderer && window.plumb.players.length > MANY_PLAYERS) {
      lent = renderer.loss; // a browser gives a page 16 contexts: leave this one to a player that is seen
      if (lent) lent.loseContext();
    }
    state.dirty = true;
  }).observe(find(".stage"));
  requestAnimationFrame(tick);
  exposePlayer({
    state,
    canvas,
    isLost: () => !renderer,
    panels: () => panels,
    figure: (place) => state.scene.figures[place],
  });
}
