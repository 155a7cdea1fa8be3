// What Gradio has no setting for: light and dark kept, the keyboard, names and news for screen readers,
// the direction of an answer, the pager, Copy. Listeners stand on the document, because Gradio makes its
// elements late and anew.
(() => {
  "use strict";
  const $ = (query, root = document) => root?.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];

  // Light or dark: Gradio follows ?__theme or the system; a choice made here wins, and stays.
  const KEPT = "gguf-side-by-side:theme";
  const asked = new URLSearchParams(location.search).has("__theme");
  let theme = asked ? null : read(KEPT);
  function read(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  }
  function keep(key, value) {
    try { localStorage.setItem(key, value); } catch { /* private browsing: it lasts as long as the page */ }
  }
  function applyTheme() {
    if (theme && document.body.classList.contains("dark") !== (theme === "dark")) {
      document.body.classList.toggle("dark", theme === "dark");
    }
  }
  function switchTheme() {
    theme = document.body.classList.contains("dark") ? "light" : "dark";
    keep(KEPT, theme);
    applyTheme();
  }

  // The keyboard. An Enter or Esc that belongs to an input method, or to an open menu, is theirs.
  document.addEventListener("keydown", (event) => {
    const composing = event.isComposing || event.keyCode === 229;
    if (composing && event.target.closest?.("#prompt")) {
      event.stopImmediatePropagation();
    } else if (event.key === "Escape" && !composing && !$('[role="combobox"][aria-expanded="true"]')) {
      stop();
    } else if (event.key === "Enter" && !event.shiftKey && asksMeanwhile(event.target)) {
      refuse(event);
    } else if (event.key.startsWith("Arrow") && event.target.matches?.(".segments input")) {
      choose(event);
    }
  }, true);

  // Which tabs run something, and what ends it: on the tab that is looked at, else on any.
  const RUNS = { compare: ["#cost", "#stop"], speed: ["#speed-cost", "#speed-stop"] };
  const runs = (tab) => Boolean($(`${RUNS[tab][0]} .running`));
  function stop() {
    const running = Object.keys(RUNS).filter(runs).map((tab) => $(RUNS[tab][1]));
    (running.find(shows) ?? running[0])?.click();
  }

  // What asks for a run while one is in progress; Gradio would drop it without a word.
  const asksMeanwhile = (element) =>
    (runs("compare") && element.closest?.("#prompt, #gallery-run")) || (runs("speed") && element.closest?.("#speed-fields .whole"));
  function refuse(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    $("#busy")?.click();
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#gallery-run") && runs("compare")) refuse(event);
  }, true);

  // Gradio names each choice of a group apart: as one group, they are one stop, and arrows move among them.
  function choose(event) {
    const all = $$("input", event.target.closest(".segments"));
    const step = ["ArrowLeft", "ArrowUp"].includes(event.key) ? -1 : 1;
    const next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    event.preventDefault();
    next.focus();
    next.click();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#theme")) switchTheme();
    const thought = event.target.closest(".thought");
    if (thought) unfold(columns().indexOf(thought.closest(".col")));
    const page = event.target.closest("#pager button");
    if (page) goTo(Number(page.dataset.col));
    if (event.target.closest("#examples button") && matchMedia("(hover: hover)").matches) {
      $("#prompt textarea")?.focus();
    }
    const copy = event.target.closest(".copy");
    if (copy) {
      copy.dataset.done = "";
      setTimeout(() => delete copy.dataset.done, 1500);
      say("Copied.");
    }
  });

  // Before a tap opens the keyboard.
  document.addEventListener("pointerdown", (event) => {
    const field = event.target.closest(".whole input, .whole textarea");
    if (field) field.inputMode = "numeric";
  }, true);

  // Copy also where the page isn't served securely and the browser therefore offers no clipboard.
  window.copyText = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.className = "aloud";
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  // The pager: which column is in view, and the way to another.
  const columns = () => $$("#columns > .col");
  function goTo(n) {
    columns()[n]?.scrollIntoView({ behavior: calm() ? "auto" : "smooth", inline: "start", block: "nearest" });
  }
  function inView() {
    const row = $("#columns");
    if (!row) return;
    const start = row.scrollLeft + parseFloat(getComputedStyle(row).paddingLeft);
    const ends = row.scrollLeft + row.clientWidth >= row.scrollWidth - 2 && row.scrollLeft > 0;
    const distances = columns().map((column) => Math.abs(column.offsetLeft - row.offsetLeft - start));
    const nearest = ends ? distances.length - 1 : distances.indexOf(Math.min(...distances));
    if (document.body.dataset.col !== String(nearest)) document.body.dataset.col = nearest;
  }
  document.addEventListener("scroll", (event) => { if (event.target.id === "columns") inView(); }, true);

  // A model's thoughts are folded until a visitor opens them, and stay as they were left while they grow.
  // Opened while they grow, they show their end, and keep it in view where it is.
  const unfolded = new Set();
  const ends = new WeakMap();
  function follow(thoughts) {
    const end = thoughts.scrollTop + thoughts.clientHeight;
    if (end >= (ends.get(thoughts) ?? Infinity) - 20) thoughts.scrollTop = thoughts.scrollHeight;
    ends.set(thoughts, thoughts.scrollHeight);
  }
  function unfold(n) {
    if (!unfolded.delete(n)) unfolded.add(n);
    label();
    const thoughts = $(".thoughts textarea", columns()[n]);
    const grow = $(".thought", columns()[n]).textContent.trim().startsWith("Thinking");
    thoughts.scrollTop = grow ? thoughts.scrollHeight : 0;
  }

  // News for screen readers: polite, at most one message in 2 s.
  let live, waiting = [], free = 0, timer;
  function say(text) {
    if (text) waiting.push(text);
    const wait = free - Date.now();
    clearTimeout(timer);
    if (wait > 0) { timer = setTimeout(say, wait); return; }
    if (!waiting.length) return;
    live.textContent = waiting.join(" ");
    waiting = [];
    free = Date.now() + 2000;
  }

  // Names, states and roles that Gradio's components don't give, wherever they are missing.
  function set(element, name, value) {
    if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  function label() {
    const notes = JSON.parse($("#shelf [data-notes]")?.dataset.notes ?? "{}");
    for (const [n, column] of columns().entries()) {
      const name = $(".strip", column)?.dataset.name;
      if (!name) continue;
      const answer = $(".block.answer", column);
      set(answer, "role", "region");
      set(answer, "tabindex", "0");
      set(answer, "aria-label", `Answer of ${name}`);
      set($(".prose[dir]", answer), "dir", "auto");  // Gradio's is one for all languages
      const thoughts = $(".thoughts textarea", column);
      set(thoughts, "aria-label", `Thoughts of ${name}`);
      set(thoughts, "readonly", "");
      if (thoughts && unfolded.has(n)) follow(thoughts);
      const thought = $(".thought", column);
      if (thought?.textContent.trim()) set(thought, "aria-expanded", String(unfolded.has(n)));
      else thought?.removeAttribute("aria-expanded");
      for (const [kind, words] of [["stop", "Stop"], ["copy", "Copy"], ["again", "Run again"], ["remove", "Remove"]]) {
        set($(`button.${kind}`, column), "aria-label", kind === "copy" ? `Copy the answer of ${name}` : `${words}: ${name}`);
      }
      for (const entry of $$('.quant [role="option"]', column)) {
        const quant = entry.textContent.replace("✓", "").trim();
        const note = notes[name]?.[quant];
        if (note) set(entry, "data-note", note);
        if (note) set(entry, "aria-label", `${quant}, ${note}`);
      }
    }
    for (const group of $$(".segments")) {
      const all = $$("input", group), chosen = all.find((each) => each.checked) ?? all[0];
      for (const each of all) set(each, "tabindex", each === chosen ? "0" : "-1");
    }
    const named = $$("#tabs .tab-container:not(.visually-hidden) [role=tab]");
    for (const tab of Object.keys(RUNS)) {
      const bar = named.find((each) => each.textContent.trim().toLowerCase() === tab);
      const running = runs(tab);
      if (!bar || running === bar.hasAttribute("data-runs")) continue;
      bar.toggleAttribute("data-runs", running);
      if (running) bar.setAttribute("aria-description", "running");
      else bar.removeAttribute("aria-description");
    }
    for (const accordion of $$(".gr-accordion")) {
      const body = $(":scope > div:not(.wrap)", accordion);
      set($(":scope > .label-wrap", accordion), "aria-expanded", String(body?.style.display !== "none"));
    }
  }

  // A button that had the focus and is gone hands it on: Run to Stop, a column's Stop to its Copy.
  let focused = null, home = null, patience;
  document.addEventListener("focusin", (event) => {
    focused = event.target;
    home = focused.closest(".col");
  });
  const shows = (element) => element?.getClientRects().length > 0;
  const showing = (selector, root) => $$(selector, root).find(shows);
  function handOn() {
    const lost = [document.body, focused].includes(document.activeElement);
    if (!focused || shows(focused) || !lost) return;
    const outside = focused.matches(".remove") ? $("#add") : showing("#stop");
    const elsewhere = focused.id.startsWith("speed-") ? showing("#speed-stop, #speed-run") : outside ?? $("#run");
    const heir = shows(home) ? showing(".staterow button", home) : elsewhere;
    if (heir) {
      focused = null;
      heir.focus({ preventScroll: true });
    } else {
      clearTimeout(patience);
      patience = setTimeout(() => shows(home) && $(".block.answer", home).focus({ preventScroll: true }), 400);
    }
  }

  // What was asked for, where a small screen has no room for it: a menu's end, the column that was added, the
  // answers of a run.
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  let menu = null, count = 0, wasRunning = false;
  function bring() {
    const opened = $("#columns .options");
    if (opened && opened !== menu) opened.scrollIntoView({ behavior: "instant", block: "nearest", inline: "nearest" });
    menu = opened;
    const now = columns().length;
    if (count && now > count) goTo(now - 1);
    count = now;
    const isRunning = runs("compare");
    const answer = $("#columns .block.answer");
    if (isRunning && !wasRunning && shows(answer) && answer.getBoundingClientRect().top > innerHeight - 160) {
      const top = showing("#pager, #columns");
      top.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
    }
    wasRunning = isRunning;
  }

  // A cut connection: Gradio waits until there is one again, then loads the page anew, and what models were
  // writing is gone; the form isn't (kept.js).
  const LOST = "gguf-side-by-side:lost";
  const GONE = "The page was loaded anew while models ran, so what they wrote is gone. Run them again.";
  const modelsRun = () => $("#cost .running") || showing("#speed-stop");
  addEventListener("pagehide", () => {
    try {
      if (modelsRun()) sessionStorage.setItem(LOST, "");
    } catch { /* private browsing: the page says nothing then */ }
  });
  function taken() {
    try {
      const lost = sessionStorage.getItem(LOST);
      sessionStorage.removeItem(LOST);
      return lost;
    } catch { return null; }
  }
  let told = taken() === null;
  function tellLost() {
    if (!told && $(".col .strip")) {
      told = true;
      const note = document.body.appendChild(document.createElement("p"));
      note.id = "lost";
      note.setAttribute("role", "alert");
      note.textContent = GONE;
    }
    if (modelsRun()) $("#lost")?.remove();
  }

  // Gradio puts the page together piece by piece: what would still move isn't painted (style.css).
  const root = document.documentElement;
  root.dataset.assembling = "";
  function assembled() {
    const parts = ["#prompt textarea", ".strip", ".figures", ".answer .prose"];
    if ("assembling" in root.dataset && parts.every((part) => $(part))) delete root.dataset.assembling;
  }

  const heard = {};
  let due = false;
  function look() {
    due = false;
    assembled();
    label();
    inView();
    bring();
    tellLost();
    handOn();
    for (const place of ["#spoken", "#speed-spoken"]) {
      const spoken = $(place)?.textContent.trim() ?? "";
      if (spoken !== (heard[place] ?? "")) say(heard[place] = spoken);
    }
  }
  function begin() {
    live = document.body.appendChild(document.createElement("div"));
    live.id = "live";
    live.className = "aloud";
    live.setAttribute("role", "status");
    live.setAttribute("aria-live", "polite");
    applyTheme();
    new MutationObserver(applyTheme).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    new MutationObserver(() => {
      if (!due) { due = true; requestAnimationFrame(look); }
    }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["style", "class"] });
  }
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
