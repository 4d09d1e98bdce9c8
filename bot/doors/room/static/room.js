"use strict";
// Everything works without this file: it makes times local and remembers dark or light.
(() => {
  const root = document.documentElement;
  const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (kept) root.dataset.theme = kept;
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a private window */ }
    });
  }
  const told = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const localise = (place) => {
    for (const time of place.querySelectorAll("time[datetime]")) {
      const when = new Date(time.dateTime);
      if (isNaN(when)) continue;
      time.title = time.textContent;
      time.textContent = told.format(when);
    }
  };
  localise(document);
  window.room = { localise };
})();
