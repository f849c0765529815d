// The list of motions: search, sorting, and the choice of one.

const STATUS_ORDER = ["FAILED", "ASSISTED", "OK", ""];

function listScenes(root, data, state, act) {
  const list = root.querySelector(".list");
  if (!list) return { choose() {}, neighbour: (index, by) => clamp(index + by, 0, data.scenes.length - 1) };
  const find = (name) => list.querySelector(name),
    rows = find(".rows"),
    sort = find(".sort"),
    order = find(".order");
  const names = [...new Set(data.scenes.flatMap((scene) => Object.keys(scene.numbers)))];
  const keys = ["in order", "by name", ...(data.scenes.some((scene) => scene.status) ? ["by status"] : []), ...names];
  sort.innerHTML = keys.map((key) => `<option>${escapeText(key)}</option>`).join("");
  let falling = false,
    shown = [];

  function valueOf(index) {
    const scene = data.scenes[index];
    if (sort.value === "in order") return index;
    if (sort.value === "by name") return scene.title;
    if (sort.value === "by status") return STATUS_ORDER.indexOf(scene.status);
    return scene.numbers[sort.value] === undefined ? NaN : scene.numbers[sort.value];
  }

  function compare(a, b) {
    const p = valueOf(a),
      q = valueOf(b);
    if (typeof p === "string") return p.localeCompare(q, undefined, { numeric: true }) || a - b;
    if (Number.isNaN(p) || Number.isNaN(q)) return Number.isNaN(p) - Number.isNaN(q) || a - b;
    return (falling ? q - p : p - q) || a - b;
  }

  function show() {
    const words = find(".search").value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = data.scenes
      .map((_, index) => index)
      .filter((index) => {
        const { title, caption, status, remark } = data.scenes[index];
        const text = [title, caption, status, remark].join(" ").toLowerCase();
        return words.every((word) => text.includes(word));
      })
      .sort(compare);
    if (falling && sort.value === "by name") shown.reverse();
    const number = names.includes(sort.value) ? sort.value : "";
    rows.innerHTML =
      shown
        .map((index) => {
          const scene = data.scenes[index],
            side = number ? `<span class="number">${formatNumber(scene.numbers[number])}</span>` : "";
          const caption =
            scene.caption && scene.caption !== scene.title ? `<small>${escapeText(scene.caption)}</small>` : "";
          return `<li><button type="button" data-index="${index}" aria-current="${index === state.index}">
<span class="dot ${scene.status.toLowerCase()}" title="${scene.status || "motion"}"></span>
<span class="name">${escapeText(scene.title)}${caption}</span>${side}</button></li>`;
        })
        .join("") || `<li class="none">No motion has these words.</li>`;
    count();
  }

  function count() {
    const all = data.scenes.length,
      some = shown.length === all ? `${all} motions` : `${shown.length} of ${all} motions`;
    find(".open-list").innerHTML = `${some}<span> · ${escapeText(data.scenes[state.index].title)}</span>`;
  }

  function sortAnew() {
    falling = names.includes(sort.value);
    order.textContent = falling ? "↓" : "↑";
    show();
  }

  find(".search").addEventListener("input", show);
  sort.addEventListener("change", sortAnew);
  order.addEventListener("click", () => {
    falling = !falling;
    order.textContent = falling ? "↓" : "↑";
    show();
  });
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    act.choose(Number(button.dataset.index));
    open(false);
  });
  function open(yes) {
    list.classList.toggle("open", yes);
    find(".open-list").setAttribute("aria-expanded", String(yes));
  }
  find(".open-list").addEventListener("click", () => open(!list.classList.contains("open")));
  if (names.includes(data.sort)) sort.value = data.sort;
  sortAnew();

  return {
    // Mark the motion that is shown.
    choose(index) {
      rows.querySelectorAll("button").forEach((button) => {
        const mine = Number(button.dataset.index) === index;
        button.setAttribute("aria-current", String(mine));
        if (mine && list.clientHeight) {
          const box = rows.getBoundingClientRect(),
            at = button.getBoundingClientRect();
          if (at.top < box.top || at.bottom > box.bottom) rows.scrollTop += at.top - box.top - box.height / 2;
        }
      });
      count();
    },
    // The motion before or after one in the list as it is sorted and searched.
    neighbour(index, by) {
      if (!shown.length) return index;
      return shown[clamp(shown.indexOf(index) + by, 0, shown.length - 1)];
    },
  };
}
