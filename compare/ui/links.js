// What several tabs need of the browser: addresses of views, the way back to them, and texts as files.
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
  window.saveText = (text, name, type = "text/csv") => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // Another view that a visitor asks for is a step of the browser's history, and Back is one within this page,
  // because a page that is loaded anew ends its run.
  const VIEWS = { gallery: "gallery-wanted", benchmarks: "bench-wanted" };
  const tabOf = (query) => new URLSearchParams(query).get("tab") ?? "compare";
  const plain = (query) => new URL(addressOf(query)).search;
  const views = { [tabOf(location.search)]: location.search };
  let shown = "compare", acted = false, top = 0, leftAt = null;

  // One step for each thing that a visitor does; what else changes an address, puts it right.
  function go(query, typing = false) {
    if (addressOf(query) === location.href) return;
    const steps = acted && !(typing && history.state?.typing);
    if (steps) history.replaceState({ ...history.state, top }, "");
    history[steps ? "pushState" : "replaceState"]({ ...(!steps && history.state), typing }, "", addressOf(query));
    acted = false;
  }

  // The address of what a tab shows, told when it shows it; `typing`: while a visitor types what to show.
  window.keepAddress = (query, typing = false) => {
    if (!query) return;
    views[tabOf(query)] = query;
    if (tabOf(query) === shown) go(query, typing);
    if (leftAt !== null) scrollBack(leftAt);
    leftAt = null;
  };

  // Shows a view within the page; the same one asked for again is a change, too.
  window.askFor = (id, query) => {
    const wanted = document.querySelector(`#${id} :is(textarea, input)`);
    if (!wanted) return false;
    wanted.value = `${query || "?"}&at=${Date.now()}`;
    wanted.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  };

  function switched() {
    const now = document.querySelector('#tabs [role="tab"][aria-selected="true"]')?.dataset.tabId;
    if (!now || now === shown) return;
    shown = now;
    views[now] ??= now === "compare" ? "" : `?tab=${now}`;
    if (tabOf(location.search) !== now) go(views[now]);
  }

  addEventListener("popstate", ({ state }) => {
    acted = false;
    const query = location.search, tab = tabOf(query);
    if (tab !== shown) askFor("tab-wanted", query);
    const before = views[tab] ?? `?tab=${tab}`;
    views[tab] = query;
    leftAt = null;
    if (VIEWS[tab] && plain(before) !== plain(query) && askFor(VIEWS[tab], query)) leftAt = state?.top ?? 0;
    else scrollBack(state?.top ?? 0);
  });

  // Where one left a view, once there is so much of it again.
  function scrollBack(to) {
    const until = Date.now() + 1000;
    (function wait() {
      const room = document.documentElement.scrollHeight - innerHeight;
      if (room >= to || Date.now() > until) scrollTo({ top: to, behavior: "instant" });
      else requestAnimationFrame(wait);
    })();
  }

  for (const kind of ["pointerdown", "keydown", "input"]) {
    addEventListener(kind, (event) => {
      if (!event.isTrusted) return;
      acted = true;
      top = scrollY;
    }, true);
  }
  // A tab out of a small screen's menu moves into the bar a moment after it was chosen: its class says so.
  let due = false;
  function begin() {
    new MutationObserver(() => {
      if (!due) { due = true; requestAnimationFrame(() => { due = false; switched(); }); }
    }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["aria-selected", "class"] });
  }
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
