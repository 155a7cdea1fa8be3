// What several tabs need of the browser: links that carry a view, and texts as files.
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
  window.keepAddress = (query) => { if (query) history.replaceState(history.state, "", addressOf(query)); };
  window.saveText = (text, name, type = "text/csv") => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
})();
