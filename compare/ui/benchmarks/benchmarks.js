// What the Benchmarks tab needs of the browser.
(() => {
  "use strict";

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
})();
