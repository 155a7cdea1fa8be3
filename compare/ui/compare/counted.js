// The prompt's tokens are counted once its writer pauses, and not while models run, which it would take from.
(() => {
  "use strict";
  const PAUSE_MS = 500;
  let wanted = "", asked = "", ran = false, timer;

  const runs = () => Boolean(document.querySelector("#cost .running"));
  window.countTokens = (form) => {
    const counts = (form.prompt ?? "").trim() || (form.thinking ?? "auto") !== "auto";
    wanted = counts ? JSON.stringify(form) : "";
    soon();
  };
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  }
  function ask() {
    const waits = runs();
    document.querySelector("#tokens")?.toggleAttribute("data-stale", waits && wanted !== asked);
    if (wanted === asked || waits) return;
    asked = wanted;
    document.querySelector("#count")?.click();
  }
  document.addEventListener("drawn", () => {
    if (ran === runs()) return;
    ran = !ran;
    if (ran) return;
    if (!document.querySelector("#tokens span:not(:empty)")) asked = "";  // what the run kept from being counted
    soon();
  });
})();
