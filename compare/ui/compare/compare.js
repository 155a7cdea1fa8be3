// What the Compare tab needs of the browser: settings that a prompt brought along go with it; back to what was
// asked; whole answers, and where a finished one opens.
(() => {
  "use strict";
  // Asked only where there are some, so that typing asks the server nothing.
  function drop() {
    if (document.querySelector("#further-said p")) document.querySelector("#further-drop")?.click();
  }
  document.addEventListener("input", (event) => { if (event.isTrusted && event.target.closest?.("#prompt")) drop(); });
  document.addEventListener("click", (event) => { if (event.target.closest?.("#examples button")) drop(); });

  // What was asked, to ask it anew: once it stands in the prompt, at its end.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#edit")) return;
    const field = document.querySelector("#prompt textarea");
    field?.focus();
    field?.scrollIntoView({ behavior: "instant", block: "nearest" });
  });

  // Whole answers: the columns grow with them, so that the page scrolls all of them together. A step of the
  // browser's history, which Back leaves; the address stays.
  const body = () => document.body.dataset;
  function asWhole(on) {
    document.body.toggleAttribute("data-whole", on);
    press();
  }
  function press() {
    const whole = document.querySelector("#whole"), pressed = String("whole" in body());
    if (whole && whole.getAttribute("aria-pressed") !== pressed) whole.setAttribute("aria-pressed", pressed);
  }
  function open() {
    history.replaceState({ ...history.state, top: scrollY }, "");
    history.pushState({ ...history.state, whole: true }, "");
    asWhole(true);
    const places = [...document.querySelectorAll("#pager, #columns")];
    places.find((place) => place.getClientRects().length)?.scrollIntoView({ behavior: "instant", block: "start" });
  }
  function leave() {
    if (history.state?.whole) history.back();
    else asWhole(false);
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#whole")) "whole" in body() ? leave() : open();
  });
  addEventListener("popstate", (event) => {
    const was = "whole" in body();
    asWhole(Boolean(event.state?.whole));
    if (was && !event.state?.whole) document.querySelector("#whole")?.scrollIntoView({ behavior: "instant", block: "nearest" });
  });
  // Esc ends a run first, or closes a menu.
  document.addEventListener("keydown", (event) => {
    const busy = document.querySelector('#cost .running, #speed-cost .running, [role="combobox"][aria-expanded="true"]');
    if (event.key === "Escape" && !event.isComposing && "whole" in body() && !busy) leave();
  }, true);

  // A finished answer opens at its beginning, unless its reader has scrolled in it while it was written.
  const read = new WeakSet(), stages = new WeakMap();
  const answers = () => [...document.querySelectorAll("#columns > .col .block.answer")];
  const stage = (answer) => answer.closest(".col").querySelector(".strip")?.className.match(/\bis-(?!wordless)\w+/)?.[0];
  document.addEventListener("scroll", ({ target }) => {
    if (target.matches?.("#columns .block.answer") && stage(target) === "is-writing" && target.scrollTop < -2) read.add(target);
  }, true);
  document.addEventListener("drawn", () => {
    let long = false;
    for (const answer of answers()) {
      const before = stages.get(answer), now = stage(answer);
      stages.set(answer, now);
      if (before !== now && now === "is-finished" && before && !read.has(answer)) answer.scrollTop = -answer.scrollHeight;
      if (before !== now && before === "is-finished") { answer.scrollTop = 0; read.delete(answer); }
      long ||= answer.scrollHeight > answer.clientHeight + 4;
    }
    press();
    if (long !== "long" in body()) document.body.toggleAttribute("data-long", long);
  });
})();
