// Charts: values under the pointer, a logarithmic axis, and files of what is shown.
(function () {
  "use strict";

  function startChart(svg) {
    if (svg.plumbChart) return;
    svg.plumbChart = true;
    const data = JSON.parse(svg.dataset.chart),
      box = svg.viewBox.baseVal,
      holder = document.createElement("div");
    holder.className = "chart-holder";
    svg.replaceWith(holder);
    holder.appendChild(svg);
    const tip = holder.appendChild(document.createElement("div"));
    tip.className = "chart-tip";
    tip.hidden = true;
    const line = svg.appendChild(document.createElementNS(svg.namespaceURI, "line"));
    for (const [name, value] of [["y1", 8], ["y2", box.height - 22], ["stroke", "currentColor"], ["stroke-opacity", 0.5]])
      line.setAttribute(name, value);
    line.style.display = "none";
    const xs = [...new Set(data.curves.flatMap((curve) => curve.x))].sort((a, b) => a - b);
    let at = -1;

    function pixel(x) {
      const span = data.to - data.from;
      return data.left + (span ? (x - data.from) / span : 0.5) * data.width;
    }

    function show(index) {
      at = index;
      tip.hidden = index < 0;
      line.style.display = index < 0 ? "none" : "";
      if (index < 0) return;
      const x = xs[index];
      line.setAttribute("x1", pixel(x));
      line.setAttribute("x2", pixel(x));
      tip.textContent = "";
      const head = tip.appendChild(document.createElement("b"));
      head.textContent = `${data.abscissa} ${x.toLocaleString("en")}`;
      for (const curve of data.curves) {
        const k = curve.x.indexOf(x);
        if (k < 0 || curve.mean[k] === null) continue;
        addRow(curve.color, curve.name, curve.mean[k], curve.low[k], curve.high[k]);
      }
      if (data.level !== null) addRow("#9aa1ab", "real", data.level, data.level, data.level);
      const share = pixel(x) / box.width;
      tip.style.left = `${100 * share}%`;
      tip.style.transform = `translateX(${share > 0.5 ? "calc(-100% - 10px)" : "10px"})`;
    }

    function addRow(color, name, mean, low, high) {
      const row = tip.appendChild(document.createElement("div")),
        swatch = row.appendChild(document.createElement("i"));
      swatch.style.background = color;
      row.append(`${name} `);
      row.appendChild(document.createElement("b")).textContent = format(mean);
      if (low !== high) row.append(` ${format(low)} to ${format(high)}`);
    }

    function nearest(event) {
      const place = svg.getBoundingClientRect(),
        x = ((event.clientX - place.left) / place.width) * box.width;
      let best = -1;
      xs.forEach((value, index) => {
        if (best < 0 || Math.abs(pixel(value) - x) < Math.abs(pixel(xs[best]) - x)) best = index;
      });
      show(best);
    }

    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
    svg.addEventListener("pointerleave", () => show(-1));
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      show(Math.max(0, Math.min(xs.length - 1, at < 0 ? 0 : at + by)));
    });
    svg.addEventListener("blur", () => show(-1));

    const figure = svg.closest("figure"),
      title = figure?.querySelector("figcaption .name")?.textContent || "chart",
      tools = (figure || holder).appendChild(document.createElement("div"));
    tools.className = "chart-tools";
    const log = svg.querySelector(".scale.log");
    if (log) {
      const linear = svg.querySelector(".scale.linear");
      const toggle = button(tools, "log", "Logarithmic axis", () => setLog(linear.getAttribute("display") !== "none"));
      const setLog = (yes) => {
        (yes ? log : linear).removeAttribute("display");
        (yes ? linear : log).setAttribute("display", "none");
        toggle.setAttribute("aria-pressed", String(yes));
      };
      setLog(!log.hasAttribute("display"));
    }
    button(tools, "CSV", "Save the values", () => save(`${title}.csv`, "text/csv", csv(data)));
    button(tools, "SVG", "Save the picture", () => {
      const copy = svg.cloneNode(true);
      copy.querySelectorAll("[display=none]").forEach((group) => group.remove());
      for (const name of ["data-chart", "tabindex", "class"]) copy.removeAttribute(name);
      copy.lastElementChild.remove();
      save(`${title}.svg`, "image/svg+xml", new XMLSerializer().serializeToString(copy));
    });
  }

  function button(parent, text, title, act) {
    const element = parent.appendChild(document.createElement("button"));
    Object.assign(element, { type: "button", textContent: text, title });
    element.addEventListener("click", act);
    return element;
  }

  function format(value) {
    return String(Number(value.toPrecision(4))).replace("-", "−");
  }

  function csv(data) {
    const lines = [["curve", data.abscissa, "mean", "low", "high"]];
    for (const curve of data.curves)
      curve.x.forEach((x, k) => {
        if (curve.mean[k] !== null) lines.push([curve.name, x, curve.mean[k], curve.low[k], curve.high[k]]);
      });
    if (data.level !== null) lines.push(["real", "", data.level, "", ""]);
    const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);
    return lines.map((line) => line.map((cell) => quoted(cell ?? "")).join(",")).join("\r\n") + "\r\n";
  }

  function save(name, type, text) {
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  window.plumbCharts = (root) => root.querySelectorAll("svg[data-chart]").forEach(startChart);
  window.plumbCharts(document);
})();
