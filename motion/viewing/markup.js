// The elements of a player.

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  back: "M11.5 3v10L5 8zM3.5 3H5v10H3.5z",
  next: "M4.5 3v10L11 8zM11 3h1.5v10H11z",
  loop: "M4 4h6V2l4 3-4 3V6H5v3H3V5zM12 12H6v2l-4-3 4-3v2h5V7h2v4z",
};
const STATUS_WORDS = {
  OK: "The simulated body performed the motion",
  ASSISTED: "The simulated body completed the motion, but was carried for a part of it",
  FAILED: "The simulated body lost the motion, or needed more assist than was allowed",
};

// An icon of 16 x 16 pixels, cut out of its button's colour.
function icon(name) {
  return `<i class="icon" aria-hidden="true" style="clip-path: path('${ICONS[name]}')"></i>`;
}

function escapeText(text) {
  return String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}

function formatNumber(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value),
    digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return signed(value.toFixed(digits));
}

// The digits of a number with a proper minus sign, and none before zero.
function signed(digits) {
  return Number(digits) === 0 ? digits.replace("-", "") : digits.replace("-", "\u2212");
}

// A figure's colour, lighter on a dark page; it is the same hue everywhere.
function ownColor(figure) {
  return `light-dark(${figure.color}, color-mix(in srgb, ${figure.color} 76%, white))`;
}

function statusChip(status) {
  if (!status) return "";
  const word = status.toLowerCase();
  return `<span class="status ${word}" title="${STATUS_WORDS[status] || ""}">${word}</span>`;
}

const GUIDE = `
<dl>
<dt><i style="background:var(--contact)"></i>Contact</dt><dd>A part of the body that the floor bears, and an arrow for
the ground-reaction force: at the centre of pressure of a foot, at the joint of another part. An arrow of 1 m is 700 N,
about the weight of the body.</dd>
<dt><i style="background:var(--assist)"></i>Assist</dt><dd>A force on the pelvis that nothing in the world supplies:
help from nowhere. Stretches in which it averages more than 100 N over a second are marked as assisted.</dd>
<dt><i style="background:var(--sunk)"></i>Penetration</dt><dd>What lies more than 5 mm in the floor is red.</dd>
<dt><i class="hatched"></i>Failed</dt><dd>From here on the simulated body has lost the motion.</dd>
<dt><i class="ghost"></i>Ghost</dt><dd>Overlaid, the last body is solid and the others are ghosts. Click a name above
the picture to hide a body. The line on the floor is the path of the pelvis.</dd>
<dt>Camera</dt><dd><b>Together</b>: all cameras follow the first body, so that a drift can be seen. <b>Each</b>: each
follows its own body. <b>World</b>: it stands still.</dd>
${CURVES.map((curve) => `<dt>${curve.name}</dt><dd>${curve.about}</dd>`).join("")}
</dl>
<p class="keys"><kbd>space</kbd> play <kbd>←</kbd> <kbd>→</kbd> one frame, with <kbd>shift</kbd> ten
<kbd>home</kbd> <kbd>end</kbd> <kbd>n</kbd> <kbd>p</kbd> next and previous motion <kbd>o</kbd> overlay
<kbd>c</kbd> camera <kbd>f</kbd> forces <kbd>[</kbd> <kbd>]</kbd> start and end of a loop <kbd>l</kbd> loop
<kbd>+</kbd> <kbd>−</kbd> zoom <kbd>1</kbd>–<kbd>4</kbd> front, side, above, corner <kbd>0</kbd> as at first.
Drag to turn, with <kbd>shift</kbd> or two fingers to move, wheel or pinch to zoom. Drag with <kbd>shift</kbd> over the curves to loop a stretch.</p>`;

function playerMarkup(data) {
  const whole = Boolean(data.pageTitle),
    many = data.scenes.length > 1;
  const modes = Object.entries(CAMERA_MODES).map(([mode, [name, about]]) => {
    return `<button type="button" data-mode="${mode}" title="${about}">${name}</button>`;
  });
  const speeds = [
    [0.1, "0.1"],
    [0.25, "¼"],
    [0.5, "½"],
    [1, "1"],
    [2, "2"],
    [4, "4"],
  ].map(([value, text]) => {
    return `<option value="${value}"${value === 1 ? " selected" : ""}>${text} ×</option>`;
  });
  return `
${
  whole
    ? `<header class="head"><h1>${escapeText(data.pageTitle)}</h1><div class="tools">
<button type="button" class="copy">Copy link</button>
<button type="button" class="theme" title="Light, dark, or as the system is">Theme: system</button></div></header>`
    : ""
}
<div class="columns">
${
  whole && many
    ? `<aside class="list"><button type="button" class="open-list" aria-expanded="false"></button>
<div class="list-body"><div class="list-tools">
<input type="search" class="search" placeholder="Search" aria-label="Search motions">
<select class="sort" aria-label="Sort by"></select>
<button type="button" class="order" aria-label="Reverse the order" title="Reverse the order">↓</button></div>
<ol class="rows"></ol></div></aside>`
    : ""
}
<div class="main">
<div class="scene-head"></div>
<div class="stage">
<canvas class="view" tabindex="0" role="img"
 aria-label="Bodies in motion. Drag to turn, space to play, arrow keys to step."></canvas>
<p class="sentence" hidden></p>
<div class="chips"></div>
</div>
<div class="bar">
<span class="group"><button type="button" class="back" aria-label="One frame back">${icon("back")}</button>
<button type="button" class="play" aria-label="Play">${icon("play")}</button>
<button type="button" class="next" aria-label="One frame on">${icon("next")}</button></span>
<output class="clock"></output>
<select class="speed" aria-label="Speed">${speeds.join("")}</select>
<button type="button" class="loop" aria-pressed="false" title="Loop a stretch">${icon("loop")}</button>
${
  !whole && many
    ? `<select class="scene" aria-label="Motion">${data.scenes
        .map((scene, index) => {
          return `<option value="${index}">${escapeText(scene.title)}</option>`;
        })
        .join("")}</select>`
    : ""
}
<span class="space"></span>
<span class="group layout"><button type="button" data-overlay="0">Side<span> by side</span></button>
<button type="button" data-overlay="1">Overlay</button></span>
<span class="group camera" role="group" aria-label="Camera">${modes.join("")}</span>
<button type="button" class="forces" aria-pressed="true">Forces</button>
</div>
<div class="tracks">
<div class="timeline" role="slider" tabindex="0" aria-label="Time" aria-valuemin="0"></div>
<canvas class="plot" aria-hidden="true"></canvas>
<div class="loop-band" hidden></div><div class="cursor"></div><div class="cursor hover" hidden></div>
<div class="track-heads"></div>
</div>
<p class="remark"></p>
<dl class="numbers"></dl>
<div class="definition" popover></div>
<details class="guide"><summary>What is shown, and keys</summary>${GUIDE}</details>
</div>
</div>`;
}

// The names of the bodies over the picture, each over its own panel; they hide and show the bodies.
function showChips(root, state) {
  const chips = root.querySelector(".chips"),
    width = root.querySelector(".view").clientWidth;
  chips.classList.toggle("stacked", state.overlay);
  const columns = new Set(panelRectangles(shownFigures(state).length, false, width, 100).map(([left]) => left)).size;
  chips.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
  chips.innerHTML = state.scene.figures
    .map((figure, place) => {
      const pressed = !state.hidden.has(place),
        word = pressed ? "Hide" : "Show";
      const style = `--own:${ownColor(figure)};--nth:${[...state.hidden].indexOf(place)}`;
      return `<button type="button" data-place="${place}" aria-pressed="${pressed}" title="${word} this body"
 style="${style}"><i></i>${escapeText(figure.label)}</button>`;
    })
    .join("");
}
