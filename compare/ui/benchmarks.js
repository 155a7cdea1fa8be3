// What the Benchmarks tab needs of the browser: links that carry the view, the table as a file, the
// model pointed at, and names for screen readers.
(() => {
  "use strict";

  // A link to a view is this page's address with the view's parameters; the theme's stays.
  window.addressOf = (query) => {
    const address = new URL(location.href);
    const theme = address.searchParams.get("__theme");
    address.search = query;
    address.hash = "";
    if (theme) address.searchParams.set("__theme", theme);
    return address.href;
  };
  window.keepAddress = (query) => { if (query) history.replaceState(history.state, "", addressOf(query)); };
  window.saveText = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // A claim's chart is shown in place: a new page would end a run that is going on.
  document.addEventListener("click", (event) => {
    const view = event.target.closest?.("#bench-claims a.view");
    const wanted = document.querySelector("#bench-wanted textarea, #bench-wanted input");
    if (!view || !wanted || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    // The same link asked for again is a change, too.
    wanted.value = `${view.search}&at=${Date.now()}`;
    wanted.dispatchEvent(new Event("input", { bubbles: true }));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.querySelector("#bench-filters")?.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  });

  // The bars or line of what is pointed at, in the chart or its legend, stand out.
  function pointAt(plot, index) {
    for (const trace of plot.querySelectorAll(".trace, .traces")) {
      const drawn = trace.__data__?.[0]?.trace ?? trace.__data__?.[0]?.[0]?.trace;
      trace.classList.toggle("pointed", index !== null && drawn?.index === index);
    }
  }
  const known = new WeakSet();
  function watch() {
    for (const plot of document.querySelectorAll("#bench-plot .js-plotly-plot")) {
      if (known.has(plot) || !plot.on) continue;
      known.add(plot);
      plot.on("plotly_hover", ({ points: [point] }) => pointAt(plot, point.curveNumber));
      plot.on("plotly_unhover", () => pointAt(plot, null));
      plot.addEventListener("mouseover", (event) => {
        const entry = event.target.closest?.(".legend .traces");
        if (entry) pointAt(plot, entry.__data__?.[0]?.trace?.index ?? null);
      });
      plot.addEventListener("mouseout", (event) => { if (event.target.closest?.(".legend")) pointAt(plot, null); });
    }
    const sentence = document.querySelector("#bench-sentence .finding")?.textContent ?? "";
    const drawing = document.querySelector("#bench-plot .svg-container");
    for (const [name, value] of [["role", "img"], ["aria-label", `Chart. ${sentence}`]]) {
      if (drawing && drawing.getAttribute(name) !== value) drawing.setAttribute(name, value);
    }
    const live = document.querySelector("#bench-sentence");
    if (live && !live.hasAttribute("aria-live")) live.setAttribute("aria-live", "polite");
  }
  let due = false;
  function begin() {
    new MutationObserver(() => {
      if (!due) { due = true; requestAnimationFrame(() => { due = false; watch(); }); }
    }).observe(document.body, { childList: true, subtree: true });
  }
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
