// What is wrong in a field is said under it: of what was typed when it is to run (showFaults, with a sentence for
// each id of a field), until what stands there is another; of the models chosen at once, as long as the server
// says so. The fields of a panel that was never open aren't there before it is.
(() => {
  "use strict";
  const $ = (query, root = document) => root?.querySelector(query);
  const PANELS = ["#settings", "#more"];
  const faults = new Map(), opened = new Set();
  let toOpen = false, toFocus = [], watch;

  const input = (id) => $(`#${id} :is(textarea, input)`);
  const note = (id) => document.getElementById(`${id}-fault`);

  window.showFaults = (said) => {
    for (const [id, fault] of [...faults]) if (!fault.chosen) mend(id);
    for (const [id, words] of Object.entries(said)) {
      if (!faults.get(id)?.chosen) faults.set(id, { words, stood: input(id)?.value });
    }
    toFocus = Object.keys(said);
    toOpen = toFocus.length > 0;
    opened.clear();
    observe();
    look();
  };

  // Of the models that are chosen, in the shelf, which is there before the columns are.
  let told = "{}";
  function heed() {
    const now = $("#shelf [data-faults]")?.dataset.faults ?? told;
    if (now === told) return;
    told = now;
    for (const [id, fault] of [...faults]) if (fault.chosen) mend(id);
    for (const [id, words] of Object.entries(JSON.parse(now))) {
      mend(id);
      faults.set(id, { words, chosen: true });
    }
    observe();
    look();
  }

  // What a button or the server writes into a field is no event.
  function observe() {
    clearInterval(watch);
    if (faults.size) watch = setInterval(look, 100);
  }

  function mend(id) {
    const field = input(id);
    faults.delete(id);
    note(id)?.remove();
    field?.removeAttribute("aria-invalid");
    field?.removeAttribute("aria-describedby");
  }

  function mark(id, fault) {
    const field = input(id);
    if (!field) return;
    fault.stood ??= field.value;
    if (field.value !== fault.stood && !fault.chosen) { mend(id); return; }
    if (!note(id)) {
      const said = document.createElement("p");
      said.id = `${id}-fault`;
      said.className = "fault";
      said.textContent = fault.words;
      const head = field.closest(".row.head");
      if (head) head.after(said);
      else document.getElementById(id).append(said);
    }
    if (field.getAttribute("aria-invalid") !== "true") field.setAttribute("aria-invalid", "true");
    if (field.getAttribute("aria-describedby") !== `${id}-fault`) field.setAttribute("aria-describedby", `${id}-fault`);
  }

  // Of the settings, what isn't there is in a panel that wasn't opened yet, the outermost first.
  function open() {
    const ids = [...faults.keys()];
    for (const panel of PANELS) {
      const absent = ids.some((id) => id.startsWith("set-") && !input(id));
      if (!absent && !ids.some((id) => $(panel)?.contains(input(id)))) continue;
      const bar = $(`${panel} > .label-wrap`);
      if (!bar) return;
      if (bar.getAttribute("aria-expanded") === "false" && !opened.has(panel)) {
        opened.add(panel);
        bar.click();
        return;
      }
      if (absent && !$(`${panel} :is(textarea, input)`)) return;
    }
    toOpen = false;
  }

  function focus() {
    const fields = toFocus.map(input);
    if (!fields.every((field) => field?.getClientRects().length)) return;
    toFocus = [];
    fields.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    fields[0].focus();
  }

  function look() {
    if (toOpen) open();
    for (const [id, fault] of [...faults]) mark(id, fault);
    for (const said of document.querySelectorAll(".form .fault")) {
      said.classList.toggle("alone", said.closest(".form").querySelectorAll(".fault").length === 1);
    }
    if (toFocus.length) focus();
    const wrong = [...faults.keys()].filter((id) => id.startsWith("set-") || id === "system").length;
    const word = $("#settings > .label-wrap > span");
    if (wrong) word?.setAttribute("data-wrong", wrong);
    else word?.removeAttribute("data-wrong");
    if (!faults.size) clearInterval(watch);
  }
  document.addEventListener("input", (event) => { if (event.target.matches?.('[aria-invalid="true"]')) look(); });
  function begin() {
    new MutationObserver(heed).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-faults"] });
  }
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
