// The form is kept for this tab of the browser, until it is closed, and stands there again when the page is loaded
// anew. Answers aren't. A link that asks for something itself is what was asked for last.
(() => {
  "use strict";
  const KEPT = "gguf-side-by-side:form";
  let kept = "", settled = false;
  try { kept = sessionStorage.getItem(KEPT) ?? ""; } catch { /* private browsing: it lasts as long as the page */ }

  window.keptForm = (names) => {
    const asked = new URLSearchParams(location.search);
    const own = (asked.get("tab") ?? "compare") === "compare" && names.some((name) => asked.has(name));
    return own ? "" : kept;
  };
  // Until what was kept is back in the fields, or a visitor does something, what they hold is nobody's.
  window.formSettled = () => { settled = true; };
  for (const kind of ["pointerdown", "input"]) document.addEventListener(kind, formSettled, { capture: true, once: true });
  window.keepForm = (names, values, usual) => {
    const form = Object.fromEntries(names.map((name, n) => [name, values[n]]));
    tellChanged(form, usual);
    countTokens(form);
    if (!settled) return;
    try { sessionStorage.setItem(KEPT, JSON.stringify(form)); } catch { /* as above */ }
  };

  // How many settings aren't as they are by default, at the word that opens them. An empty field is the default.
  function tellChanged(form, usual) {
    const settings = Object.keys(usual).filter((name) => !["prompt", "mode", "system"].includes(name));
    const changed = settings.filter((name) => ![usual[name], "", null].includes(form[name])).length;
    const panel = document.getElementById("settings");
    panel?.toggleAttribute("data-changed", changed > 0);
    panel?.querySelector(":scope > .label-wrap > span")?.setAttribute("data-changed", changed || "");
  }
})();
