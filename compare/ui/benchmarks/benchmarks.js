// What the Benchmarks tab needs of the browser.
(() => {
  "use strict";

  // A claim's chart is shown in place: a new page would end a run that is going on.
  document.addEventListener("click", (event) => {
    const view = event.target.closest?.("#bench-claims a.view");
    if (!view || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!askFor("bench-wanted", view.search)) return;
    event.preventDefault();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.querySelector("#bench-filters")?.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
  });
})();
