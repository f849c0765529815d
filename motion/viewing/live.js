// A live page: asks for its parts again and again, and changes those that have changed.
(function () {
  "use strict";
  const parts = document.getElementById("parts"),
    state = document.getElementById("state"),
    motions = document.getElementById("motions"),
    shown = {};

  function show(document_) {
    for (const [name, html] of Object.entries(document_.parts)) {
      if (shown[name] === html) continue;
      let element = document.getElementById(`part-${name}`);
      if (!element) {
        element = parts.appendChild(document.createElement("div"));
        element.id = `part-${name}`;
      }
      const open = [...element.querySelectorAll("details")].map((each) => each.open);
      element.innerHTML = html;
      element.querySelectorAll("details").forEach((each, index) => (each.open = open[index] || false));
      window.plumbCharts(element);
      shown[name] = html;
    }
    for (const name of Object.keys(shown)) {
      if (name in document_.parts) continue;
      document.getElementById(`part-${name}`).remove();
      delete shown[name];
    }
    if (document_.motions && motions.dataset.key !== document_.motions) {
      motions.dataset.key = document_.motions;
      motions.src = `/motions?${encodeURIComponent(document_.motions)}`;
      motions.hidden = false;
    }
  }

  async function look() {
    try {
      const answer = await fetch("/state");
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
      state.textContent = `as of ${new Date().toLocaleTimeString()}`;
    } catch {
      state.textContent = "The command that watches has ended; this is the last that it saw.";
    }
    setTimeout(look, document.hidden ? 10000 : 2000);
  }

  look();
})();
