"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const charts = read("charts");
  const themes = read("themes");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map();

  const goTo = (number) => {
    const card = document.getElementById(`incident-${number}`);
    if (!card) return;
    card.open = true;
    card.scrollIntoView({ behavior: "smooth", block: "start" });
  };

  const draw = async (element) => {
    const spec = structuredClone(charts[element.id]);
    spec.config = themes[dark.matches ? "dark" : "light"];
    // `ast`: expressions are interpreted, so that the page needs no permission to make code from text.
    const tooltip = { disableDefaultStyle: true };
    const options = { actions: false, ast: true, defaultStyle: false, renderer: "canvas", tooltip };
    drawn.get(element)?.finalize();
    drawn.set(element, undefined);
    const made = await vegaEmbed(element, spec, options);
    drawn.set(element, made);
    made.view.addEventListener("click", (_event, item) => {
      if (item && item.datum && item.datum.number) goTo(item.datum.number);
    });
  };

  // What is folded away has no width yet: it is drawn when it is opened.
  const drawWithin = (root) => {
    for (const element of root.querySelectorAll("[data-chart]")) if (!drawn.has(element)) draw(element);
  };
  for (const element of document.querySelectorAll("section [data-chart]")) draw(element);
  for (const card of document.querySelectorAll("details.incident")) {
    card.addEventListener("toggle", () => card.open && drawWithin(card));
    if (card.open) drawWithin(card);
  }
  dark.addEventListener("change", () => [...drawn.keys()].forEach(draw));

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "copied";
    });
  }
  const opened = () => location.hash.startsWith("#incident-") && goTo(location.hash.slice("#incident-".length));
  window.addEventListener("hashchange", opened);
  opened();
})();
