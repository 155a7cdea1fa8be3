// What the Benchmarks tab needs of the browser: links that carry the view, and the table as a file.
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
  window.saveText = (text, name, type = "text/csv") => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
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
})();
