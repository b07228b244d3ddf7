// Keys of the queue and of a batch, and remarks that outlive turning the page. Everything here has a link or a button.
"use strict";

(() => {
  const place = document.querySelector("[data-keys]");
  if (!place) return;
  const onBatch = place.dataset.keys === "batch";
  const OFF = "tieback-keys-off", MOVED = "tieback-moved-by-key";
  const store = (kind) => { try { return window[kind]; } catch { return null; } }; // a browser may forbid both
  const kept = store("localStorage"), session = store("sessionStorage");
  const off = () => kept && kept.getItem(OFF) === "yes";

  // -- the help, which also switches the keys off: single letters disturb who speaks to their computer --
  const dialog = document.getElementById("keys-help");
  const toggle = dialog && dialog.querySelector("[data-keys-off]");
  const help = () => { if (dialog && !dialog.open) { toggle.checked = !off(); dialog.showModal(); } };
  document.querySelectorAll("[data-keys-help]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", help);
  });
  if (toggle) toggle.addEventListener("change", () => {
    if (kept) kept.setItem(OFF, toggle.checked ? "no" : "yes");
    announce(toggle.checked ? "Keys are on." : "Keys are off.");
  });

  // -- moving --
  const rows = () => [...document.querySelectorAll(".queue tbody tr")];
  const link = (row) => row.querySelector(".field-project a");
  const along = (step) => {
    const all = rows();
    const now = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step];
    if (next) link(next).focus(); else announce(step > 0 ? "This is the last batch." : "This is the first batch.");
  };
  const turn = (rel) => {
    const target = document.querySelector(`.between a[rel="${rel}"]`);
    if (!target) { announce(rel === "next" ? "This is the last batch of the list." : "This is the first batch of the list."); return; }
    if (session) session.setItem(MOVED, "yes");
    target.click();
  };
  const focus = (found, words) => {
    if (!found) { announce(words); return; }
    found.focus();
    found.scrollIntoView({ block: "center" });
  };
  const accept = () => focus(document.querySelector(".standing .actions button"), "There is nothing to accept here.");
  const reject = () => focus(document.getElementById("reason_code"), "There is nothing to reject here.");
  const search = () => focus(document.querySelector("#find, #q"), "There is nothing to search here.");
  const open = () => { if (document.activeElement.matches("a[href]")) document.activeElement.click(); };
  const back = () => { const target = document.querySelector("a[data-back]"); if (target) target.click(); };
  const tick = () => {
    const row = rows().find((one) => one.contains(document.activeElement));
    if (row) row.querySelector(".action-select").click();
  };
  const keys = onBatch
    ? { j: () => turn("next"), k: () => turn("prev"), a: accept, r: reject, u: back, o: open, "/": search, "?": help }
    : { j: () => along(1), k: () => along(-1), o: open, x: tick, "/": search, "?": help };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && onBatch) return;
    if (event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog")) return;
    if (off() && event.key !== "?") return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // Who came by key stands on the heading of the next batch, and the list shows where that is.
  const current = document.querySelector(".pane [aria-current]");
  if (current) {
    const pane = current.closest(".pane");
    pane.scrollTop = Math.max(0, current.offsetTop - pane.clientHeight / 2);
  }
  if (session && session.getItem(MOVED)) {
    session.removeItem(MOVED);
    const heading = document.querySelector(".reading h1");
    if (heading) heading.focus({ preventScroll: true });
  }

  // -- remarks typed on one page of lines are still there on the next --
  const form = document.getElementById("reject-form");
  if (!form || !session) return;
  const name = `tieback-remarks-${form.dataset.batch}`;
  const read = () => { try { return JSON.parse(session.getItem(name)) || {}; } catch { return {}; } };
  const typed = read();
  const write = (field) => {
    if (field.value.trim()) typed[field.name] = { text: field.value, about: field.dataset.about || field.name };
    else delete typed[field.name];
    session.setItem(name, JSON.stringify(typed));
  };
  const here = (remark) => document.querySelector(`textarea[name="${remark}"]`);
  Object.entries(typed).forEach(([remark, { text, about }]) => {
    if (!/^remark-\d+$/.test(remark)) return;
    const field = here(remark);
    if (field) {
      if (!field.value) { field.value = text; const pin = field.closest("details"); if (pin) pin.open = true; }
      return;
    }
    const label = document.createElement("label"), box = document.createElement("textarea"), wrap = document.createElement("div");
    box.name = remark; box.value = text; box.rows = 2; box.id = `kept-${remark}`; box.maxLength = 1000; box.dataset.about = about;
    label.htmlFor = box.id; label.textContent = `Remark on ${about}, which is not shown now`;
    wrap.className = "field";
    wrap.append(label, box);
    form.querySelector(".buttons").before(wrap);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches('textarea[name^="remark-"]')) write(event.target);
  });
  form.addEventListener("submit", () => session.removeItem(name));
})();
