// What the Compare tab needs of the browser: settings that a prompt brought along go with it; and back to what was
// asked.
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
})();
