// An open budget page stays right by itself: it asks a small question, and puts new parts in the place of old ones.
// What somebody types is never touched, and the focus stays where it is.
"use strict";

(() => {
  const PARTS = ["standing", "things-to-do", "requests", "totals", "line-actions"];
  const SOON = 1500; // milliseconds between two questions while somebody waits for something
  const CALM = 5000; // nothing to wait for, or nobody has touched the page for a while
  const RARE = 20000; // nobody has touched it for long, or the server does not answer
  const QUIET = 10 * 60000;
  const AWAY = 30 * 60000;
  const mark = () => document.getElementById("pulse");
  if (!mark()) return;

  let touched = Date.now();
  let failed = 0;
  let timer = 0;
  let asking = false;
  let left = 0; // when the person last went to another page: loading this one again would call them back
  const leaving = () => Date.now() - left < 10000;

  const pace = () => {
    const idle = Date.now() - touched;
    if (failed > 2 || idle > AWAY) return RARE;
    return idle > QUIET || mark().dataset.waits !== "yes" ? CALM : SOON;
  };
  const again = () => {
    window.clearTimeout(timer);
    if (!document.hidden) timer = window.setTimeout(ask, pace());
  };

  // -- what must not be disturbed --
  const typing = () => document.querySelector(".editing, tr.adding, dialog[open], [data-pulse-hold]");
  const written = () => [...document.querySelectorAll("main textarea, main input[type=text], main input:not([type])")]
    .some((field) => field.offsetParent && field.value !== field.defaultValue);

  const address = (node, part) => { // the way from a part to the node in it that has the focus
    const way = [];
    for (let at = node; at !== part; at = at.parentElement) way.unshift([...at.parentElement.children].indexOf(at));
    return way;
  };
  const words = (node) => (node.textContent || "").trim();
  const found = (part, focus) => {
    if (focus.id && part.querySelector(`#${CSS.escape(focus.id)}`)) return part.querySelector(`#${CSS.escape(focus.id)}`);
    const alike = [...part.querySelectorAll(focus.tag)].find((node) => words(node) === focus.words);
    return alike || focus.way.reduce((at, place) => at && at.children[place], part);
  };

  const swap = (fresh) => {
    const old = document.getElementById(fresh.id);
    if (!old || words(old) === words(fresh) && old.innerHTML.length === fresh.innerHTML.length) return;
    if (old.querySelector("textarea, input:not([type=hidden])") && old.contains(document.activeElement)) return;
    const active = document.activeElement;
    const focus = old.contains(active) && active !== old
      ? { id: active.id, tag: active.tagName, words: words(active), way: address(active, old) } : null;
    const open = [...old.querySelectorAll("details[open] [id]")].map((node) => node.id);
    old.replaceWith(fresh);
    window.htmx.process(fresh);
    open.forEach((id) => {
      const node = document.getElementById(id);
      const details = node && node.closest("details");
      if (details && fresh.contains(details)) details.open = true;
    });
    if (!focus) return;
    const target = found(fresh, focus);
    if (target) target.focus({ preventScroll: true });
    if (document.activeElement !== target) { // its button is gone: stay in the same place of the page
      fresh.tabIndex = -1;
      fresh.focus({ preventScroll: true });
    }
  };

  const said = () => ["#standing [data-announce]", "#requests [data-announce]", "#things-to-do h2"]
    .map((place) => document.querySelector(place)).filter(Boolean).map(words);

  const take = (body) => {
    const before = said();
    const old = mark().dataset.code;
    PARTS.map((id) => body.querySelector(`#${id}`)).filter(Boolean).forEach(swap);
    mark().replaceWith(body.querySelector("#pulse"));
    const after = said();
    if (after.join() !== before.join()) {
      const fewer = before.length > after.length ? ["Nothing stands in the way any more."] : [];
      announce([...after.filter((one) => !before.includes(one)), ...fewer].join(" "));
    }
    if (mark().dataset.code !== old) lines(); // other things can be done to the lines now
    else if (mark().dataset.many) stale();
    else if (mark().dataset.fresh) rows(mark().dataset.fresh.split(","));
  };

  // -- the lines --
  const stale = () => {
    if (document.getElementById("pulse-stale")) return;
    const note = document.createElement("p");
    note.id = "pulse-stale";
    note.className = "note";
    note.setAttribute("role", "status");
    const link = document.createElement("a");
    link.href = window.location.href;
    link.textContent = "Show it as it is now";
    note.append("Others changed this budget while it was open here. ", link, ".");
    document.querySelector("nav.tabs").after(note);
  };
  const KEPT = "tieback.pulse"; // what a page that loads itself again takes along: where the focus was, what to say
  const lines = () => {
    if (typing() || written()) {
      stale();
      return;
    }
    const active = document.activeElement;
    const place = active && active !== document.body ? { id: active.id, tag: active.tagName, words: words(active) } : null;
    window.sessionStorage.setItem(KEPT, JSON.stringify({ place, say: said().join(" ") }));
    window.location.reload();
  };
  const restore = () => {
    const kept = JSON.parse(window.sessionStorage.getItem(KEPT) || "null");
    window.sessionStorage.removeItem(KEPT);
    if (!kept) return;
    announce(kept.say);
    const target = kept.place && found(document.getElementById("main"), { ...kept.place, way: [] });
    if (target) target.focus({ preventScroll: true });
  };
  const rows = async (changed) => {
    if (typeof sheet === "undefined" || !document.querySelector(".grid")) return;
    const query = new URLSearchParams(window.location.search);
    changed.forEach((pk) => query.append("fresh", pk));
    const answer = await fetch(`${mark().dataset.pieces}?${query}`, { credentials: "same-origin" });
    if (!answer.ok) return;
    const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    if (sheet.apply(body).length) stale();
  };

  const ask = async () => {
    if (asking || leaving() || document.hidden || document.querySelector(".busy")) return again();
    asking = true;
    const query = new URLSearchParams({ seen: mark().dataset.seen, at: mark().dataset.at });
    try {
      const answer = await fetch(`${mark().dataset.url}?${query}`, { credentials: "same-origin", redirect: "error" });
      failed = answer.ok ? 0 : failed + 1;
      if (answer.status === 404 || answer.status === 403) return undefined; // no right any more: the next click says so
      if (answer.status === 200 && !leaving()) take(new DOMParser().parseFromString(await answer.text(), "text/html").body);
    } catch (problem) { // no network, or logged out: asked less and less often
      failed += 1;
    } finally {
      asking = false;
    }
    return again();
  };

  ["pointerdown", "keydown", "pointermove", "scroll"].forEach((kind) => {
    document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  });
  window.addEventListener("beforeunload", () => { left = Date.now(); });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { touched = Date.now(); ask(); }
  });
  restore();
  again();
})();
