// The head of a whole page: light or dark, and a link to what is seen.

const THEMES = [
  ["system", "light dark"],
  ["light", "light"],
  ["dark", "dark"],
];

function listenToHead(find, link, state, act, recolor) {
  let theme = 0;
  find(".theme").addEventListener("click", () => {
    theme = (theme + 1) % THEMES.length;
    document.documentElement.style.colorScheme = THEMES[theme][1];
    find(".theme").textContent = `Theme: ${THEMES[theme][0]}`;
    recolor();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  find(".copy").addEventListener("click", async () => {
    act.pause();
    const address = location.href.replace(/#.*$/, "") + link(state);
    try {
      await navigator.clipboard.writeText(address);
      find(".copy").textContent = "Copied";
    } catch (error) {
      // a page from disk may not use the clipboard in every browser; its address has the link now
      find(".copy").textContent = "In the address bar";
    }
    setTimeout(() => {
      find(".copy").textContent = "Copy link";
    }, 1800);
  });
}
