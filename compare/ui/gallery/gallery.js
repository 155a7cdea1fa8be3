// What the Gallery tab needs of the browser: a card opens in place, because a new page would end a run.
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    const card = event.target.closest?.("#gallery-list a[data-prompt]");
    if (!card || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!askFor("gallery-wanted", card.search)) return;
    event.preventDefault();
    left = scrollY;
    scrollTo({ top: 0 });
  });

  // Back among the cards, where one has left them.
  let left = 0;
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#gallery-back")) return;
    const until = Date.now() + 2000;
    (function wait() {
      if (document.querySelector("#gallery-list a")) scrollTo({ top: left });
      else if (Date.now() < until) requestAnimationFrame(wait);
    })();
  });
})();
