// What Gradio's plots lack: what is pointed at stands out, a name for those who don't see the chart, and
// a first chart without a wait.
(() => {
  "use strict";

  // The bars or line of what is pointed at, in the chart or its legend.
  function pointAt(plot, index) {
    for (const trace of plot.querySelectorAll(".trace, .traces")) {
      const drawn = trace.__data__?.[0]?.trace ?? trace.__data__?.[0]?.[0]?.trace;
      trace.classList.toggle("pointed", index !== null && drawn?.index === index);
    }
  }
  const known = new WeakSet();
  function watch(plot) {
    known.add(plot);
    plot.on("plotly_hover", ({ points: [point] }) => pointAt(plot, point.curveNumber));
    plot.on("plotly_unhover", () => pointAt(plot, null));
    plot.addEventListener("mouseover", (event) => {
      const entry = event.target.closest?.(".legend .traces");
      if (entry) pointAt(plot, entry.__data__?.[0]?.trace?.index ?? null);
    });
    plot.addEventListener("mouseout", (event) => { if (event.target.closest?.(".legend")) pointAt(plot, null); });
  }
  function set(element, name, value) {
    if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  function look() {
    for (const card of document.querySelectorAll(".chart-card")) {
      const plot = card.querySelector(".js-plotly-plot");
      if (plot?.on && !known.has(plot)) watch(plot);
      const drawing = card.querySelector(".svg-container");
      set(drawing, "role", "img");
      set(drawing, "aria-label", `Chart. ${card.querySelector(".finding")?.textContent ?? ""}`);
      set(card.querySelector(".block.sentence"), "aria-live", "polite");
    }
  }
  // 4.6 MB that Gradio would fetch when the first chart is opened; here while nothing else is going on.
  function fetchAhead() {
    const source = document.querySelector('meta[name="drawing"]')?.content;
    if (!source || navigator.connection?.saveData) return;
    const idle = window.requestIdleCallback ?? ((run) => run());
    setTimeout(() => idle(() => import(new URL(source, document.baseURI)).catch(() => {})), 1500);
  }
  if (document.readyState === "complete") fetchAhead();
  else addEventListener("load", fetchAhead);

  let due = false;
  function begin() {
    // While there is a <base>, plotly's clip paths carry the page's whole address, and once keepAddress has
    // changed that, the browser fetches the page again to look for them. This one says nothing.
    const base = document.querySelector("base");
    if (base?.href === new URL(".", location.href).href) base.remove();
    new MutationObserver(() => {
      if (!due) { due = true; requestAnimationFrame(() => { due = false; look(); }); }
    }).observe(document.body, { childList: true, subtree: true });
  }
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
