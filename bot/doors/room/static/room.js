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

  // How long it runs, by the second.
  const lasting = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
    return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
  };
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-since]")) {
      clock.textContent = lasting((Date.now() - Date.parse(clock.dataset.since)) / 1000);
    }
  }, 1000);

  // Live parts: the server sends those that changed; what is open stays open, what has the focus keeps it.
  const place = document.querySelector("[data-live]");
  if (!place) return;
  const note = document.getElementById("live-note");
  let source, timer, pause = 1000, after = place.dataset.after, over = false, changed = false;
  const say = (text) => {
    note.textContent = text || (changed ? "Something changed here since. " : "");
    note.hidden = !note.textContent;
    if (text || !changed) return;
    const link = document.createElement("a");
    link.href = location.pathname + location.search;
    link.textContent = "Show it";
    note.append(link);
  };
  // Rows of a list that did not change stay as they are, with the focus and their place on the screen.
  const merge = (old, fresh) => {
    const [rows, wanted] = [old, fresh].map((part) => part.querySelector("tbody[data-rows]"));
    if (!rows || !wanted) return false;
    const kept = new Map([...rows.children].map((row) => [row.id, row]));
    const nodes = [...wanted.children].map((row) => {
      const same = kept.get(row.id);
      return same?.dataset.version === row.dataset.version ? same : row;
    });
    for (const row of kept.values()) if (!nodes.includes(row)) row.remove();
    let next = rows.firstElementChild;
    for (const node of nodes) {
      if (node === next) next = next.nextElementSibling;
      else { localise(node); rows.insertBefore(node, next); }
    }
    old.dataset.version = fresh.dataset.version;
    return true;
  };
  // What somebody types is kept where its field stays, and shown to be copied where it goes.
  const keep = (old, box) => {
    for (const field of old.querySelectorAll("textarea")) {
      if (field.readOnly || field.value === field.defaultValue) continue;
      const same = box.content.getElementById(field.id);
      if (same) { same.value = field.value; continue; }
      const unsent = document.getElementById("unsent").content.cloneNode(true);
      unsent.querySelector("textarea").value = field.value;
      place.before(unsent);
    }
  };
  const swap = (html) => {
    const box = document.createElement("template");
    box.innerHTML = html;
    for (const fresh of [...box.content.children]) {
      const old = document.getElementById(fresh.id);
      if (!old || old.dataset.version === fresh.dataset.version) continue;
      if ("quiet" in place.dataset) { changed = true; continue; }  // nothing moves where somebody decides
      for (const fold of old.querySelectorAll("details[id]")) {
        const same = box.content.getElementById(fold.id);
        if (same) same.open = fold.open;
      }
      keep(old, box);
      const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
      if (!merge(old, fresh)) { localise(fresh); old.replaceWith(fresh); }
      if (focus && document.activeElement.id !== focus) {
        (document.getElementById(focus) || document.getElementById("main")).focus({ preventScroll: true });
      }
    }
  };
  const load = async () => {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    swap([...page.querySelectorAll("[id^=live-][data-version]")].map((part) => part.outerHTML).join(""));
    over = !page.querySelector("[data-live]");
    pause = 1000;
    say("");
  };
  // A browser has six connections to a server: of the tabs in sight four hold a stream, the others look now and then.
  const streams = 4, glance = 5000, seldom = 3000;
  let turn = 0, release;
  const take = async () => {
    if (!navigator.locks) return true;
    for (let number = 0; number < streams; number += 1) {
      const taken = await new Promise((tell) => {
        navigator.locks.request(`room-stream-${number}`, { ifAvailable: true }, (lock) => {
          tell(Boolean(lock));
          return lock && new Promise((done) => { release = done; });
        });
      });
      if (taken) return true;
    }
    return false;
  };
  const close = () => { turn += 1; clearTimeout(timer); source?.close(); source = undefined; release?.(); release = undefined; };
  const retry = () => {
    close();
    say("The connection is lost, trying again.");
    timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, 30000);
  };
  const listen = () => {
    source = new EventSource(`${place.dataset.live}?after=${after}`);
    source.onopen = () => { pause = 1000; say(""); };
    source.addEventListener("change", (event) => { after = event.lastEventId; swap(event.data); });
    source.addEventListener("news", (event) => { after = event.lastEventId; hear(JSON.parse(event.data)); });
    source.addEventListener("end", () => { over = true; close(); });
    source.onerror = retry;  // the browser's own tries end for good at some errors
  };
  // A list is asked for again where a task in it changed, or one may have come or gone; not too often.
  let loading, loaded = 0;
  const hear = (news) => {
    if (loading || !(news.moved || news.tasks.some((id) => document.getElementById(`row-${id}`)))) return;
    loading = setTimeout(() => { loading = undefined; loaded = Date.now(); load().catch(retry); },
      Math.max(0, loaded + seldom - Date.now()));
  };
  const look = async () => {
    await load();
    if (!over) timer = setTimeout(open, glance);
  };
  const open = async () => {
    close();
    if (document.hidden || over) return;
    const mine = turn;
    const taken = await take();
    if (mine !== turn) { if (taken) release?.(); return; }
    if (taken) listen();
    else look().catch(retry);
  };
  document.addEventListener("visibilitychange", () => { document.hidden ? close() : open(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  open();
})();
