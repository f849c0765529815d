// Title, caption and status of a scene, and its numbers, each with what it means one click away.

function describeScene(root, scene, definitions) {
  const more = scene.caption && scene.caption !== scene.title;
  const caption = more ? `<p class="caption">${escapeText(scene.caption)}</p>` : "";
  root.querySelector(".scene-head").innerHTML =
    `<h2>${escapeText(scene.title)} ${statusChip(scene.status)}</h2>${caption}`;
  root.querySelector(".remark").textContent = scene.remark;
  root.querySelector(".numbers").innerHTML = Object.entries(scene.numbers)
    .map(([name, value]) => {
      const [what, unit] = name.split(/, (?=[^,]*$)/),
        number = `${formatNumber(value)}<small>${escapeText(unit || "")}</small>`,
        text = escapeText(what);
      const term = Object.hasOwn(definitions, name)
        ? `<button type="button" class="term" data-name="${escapeText(name)}">${text}</button>`
        : text;
      return `<div><dt>${term}</dt><dd>${number}</dd></div>`;
    })
    .join("");
}

function listenToNumbers(root, definitions) {
  const definition = root.querySelector(".definition");
  root.querySelector(".numbers").addEventListener("click", (event) => {
    const term = event.target.closest(".term");
    if (!term) return;
    definition.innerHTML = `<b>${escapeText(term.textContent)}</b><p>${escapeText(definitions[term.dataset.name])}</p>`;
    definition.showPopover();
  });
}
