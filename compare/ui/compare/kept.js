// The form is kept for this tab of the browser, until it is closed, and stands there again when the page is loaded
// anew. Answers aren't. A link that asks for something itself is what was asked for last.
(() => {
  "use strict";
  const KEPT = "gguf-side-by-side:form";
  let kept = "", settled = false;
  try { kept = sessionStorage.getItem(KEPT) ?? ""; } catch { /* private browsing: it lasts as long as the page */ }

  window.keptForm = () => {
    const asked = new URLSearchParams(location.search);
    asked.delete("__theme");
    return asked.size && (asked.get("tab") ?? "compare") === "compare" && !(asked.size === 1 && asked.has("tab")) ? "" : kept;
  };
  // What fields hold before what was kept is back in them isn't a visitor's.
  window.formSettled = () => { settled = true; };
  window.keepForm = (names, values) => {
    if (!settled) return;
    try { sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(names.map((name, n) => [name, values[n]])))); } catch { /* as above */ }
  };
})();
