// What the Compare tab needs of the browser: settings that a prompt brought along go with it.
(() => {
  "use strict";
  // Asked only where there are some, so that typing asks the server nothing.
  function drop() {
    if (document.querySelector("#further-said p")) document.querySelector("#further-drop")?.click();
  }
  document.addEventListener("input", (event) => { if (event.isTrusted && event.target.closest?.("#prompt")) drop(); });
  document.addEventListener("click", (event) => { if (event.target.closest?.("#examples button")) drop(); });
})();
