// Opening and closing groups of the grid, landing on a cell, the panel about a line. Every link here works without it.
"use strict";

(() => {
  const MOST_ROWS = 1400; // rows of lines at once, unless somebody asked for the whole table
  const table = () => document.querySelector("#grid > table");
  const keyOf = (toggle) => toggle.closest("tbody").dataset.group;
  const opened = []; // toggles in the order in which they were opened

  // -- the address says what is open --
  const write = (change) => {
    const address = new URL(window.location.href);
    change(address.searchParams);
    ["line", "cell"].forEach((name) => address.searchParams.delete(name));
    window.history.replaceState(window.history.state, "", address);
  };
  const remember = (key, isOpen, start) => write((query) => {
    const others = (name) => query.getAll(name).filter((other) => other !== key);
    const now = { open: others("open"), closed: others("closed") };
    now[isOpen ? "open" : "closed"].push(key);
    ["open", "closed"].forEach((name) => {
      query.delete(name);
      now[name].forEach((value) => query.append(name, value));
    });
    if (start) query.set("start", start);
    else query.delete("start");
  });

  const empty = (toggle) => {
    const head = toggle.closest("tr");
    while (head.nextElementSibling) head.nextElementSibling.remove();
  };

  const close = (toggle) => {
    empty(toggle);
    toggle.setAttribute("aria-expanded", "false");
    const place = opened.indexOf(toggle);
    if (place >= 0) opened.splice(place, 1);
    remember(keyOf(toggle), false, 0);
  };

  // The page stays light: what was opened first closes again.
  const makeRoom = (kept) => {
    if (table().dataset.whole) return;
    const shut = [];
    const all = [...table().querySelectorAll("a.toggle[aria-expanded=true]")];
    const order = [...all.filter((toggle) => !opened.includes(toggle)), ...opened];
    while (table().querySelectorAll("tr.line").length > MOST_ROWS && order.length) {
      const oldest = order.shift();
      if (oldest === kept) continue;
      close(oldest);
      shut.push(oldest.textContent);
    }
    if (shut.length) announce(`Closed ${shut.join(", ")} to keep the page quick.`);
  };

  const load = (toggle, start) => {
    const head = toggle.closest("tr");
    toggle.setAttribute("aria-busy", "true");
    const address = toggle.dataset.rows + (start ? `&start=${start}` : "");
    const old = [...head.parentElement.rows].filter((row) => row !== head);
    return window.htmx.ajax("GET", address, { target: head, swap: "afterend" }).then(() => {
      toggle.removeAttribute("aria-busy");
      if (!head.nextElementSibling || head.nextElementSibling === old[0]) return; // not read; the link still works
      old.forEach((row) => row.remove());
      toggle.setAttribute("aria-expanded", "true");
      if (!opened.includes(toggle)) opened.push(toggle);
      remember(keyOf(toggle), true, start);
      makeRoom(toggle);
    });
  };

  const plain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey && event.button === 0;

  document.addEventListener("click", (event) => {
    if (!plain(event)) return;
    const toggle = event.target.closest("#grid a.toggle");
    if (toggle) {
      event.preventDefault();
      if (toggle.getAttribute("aria-expanded") === "true") close(toggle);
      else load(toggle, 0);
      return;
    }
    const more = event.target.closest("#grid a[data-start]");
    if (more) {
      event.preventDefault();
      const owner = more.closest("tbody").querySelector("a.toggle");
      load(owner, Number(more.dataset.start)).then(() => {
        const first = owner.closest("tbody").querySelector("tr.line a");
        if (first) first.focus();
        owner.closest("tr").scrollIntoView({ block: "start" });
      });
    }
  });

  // -- landing: the address names a line, and perhaps a cell of it --
  const land = () => {
    const query = new URLSearchParams(window.location.search);
    const anchor = /^#line-(\d+)$/.exec(window.location.hash);
    const pk = query.get("line") || (anchor && anchor[1]);
    if (!pk) return;
    const row = document.getElementById(`line-${pk}`);
    if (!row) { // a link of the time before groups could be closed: ask for the line's own
      if (anchor && !query.get("line") && table()) window.location.replace(`?line=${pk}#line-${pk}`);
      return;
    }
    const cell = query.get("cell") && row.querySelector(`[data-col="${CSS.escape(query.get("cell"))}"]`);
    row.classList.add("landed");
    if (cell) {
      cell.classList.add("landed");
      if (!cell.hasAttribute("tabindex")) cell.tabIndex = -1;
    }
    row.scrollIntoView({ block: "center" });
    (cell || row.querySelector("a")).focus({ preventScroll: false });
  };

  // -- density --
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-density]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    event.stopPropagation();
    const chosen = event.submitter.value;
    document.getElementById("grid").classList.toggle("compact", chosen === "compact");
    form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.value === chosen)));
    document.cookie = `tieback_density=${chosen}; path=/; max-age=31536000; samesite=lax`;
  }, true);

  // -- about a line --
  let asker = null;
  const panel = () => document.getElementById("about");
  const hide = () => {
    panel().hidden = true;
    panel().replaceChildren();
    if (asker && document.contains(asker)) asker.focus();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-about]");
    if (button) {
      event.preventDefault();
      event.stopPropagation(); // the cell it stands in is not meant
      asker = button;
      window.htmx.ajax("GET", button.dataset.about, { target: "#about", swap: "innerHTML" }).then(() => {
        panel().hidden = false;
        panel().focus();
        if (panel().getBoundingClientRect().top > window.innerHeight) panel().scrollIntoView({ block: "nearest" });
      });
    } else if (event.target.closest("[data-hide-about]")) {
      event.preventDefault();
      hide();
    }
  }, true);
  document.addEventListener("keydown", (event) => {
    const row = event.altKey && event.key === "Enter" && event.target.closest("#grid tr.line");
    if (row) {
      event.preventDefault();
      row.querySelector("[data-about]").click();
    }
    if (event.key === "Escape" && panel() && !panel().hidden && panel().contains(document.activeElement)) hide();
  });

  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
  document.documentElement.classList.add("js");
  // The browser goes to the anchor of the address once all is loaded, and takes the focus away: land after it.
  window.addEventListener("load", () => window.requestAnimationFrame(land));
})();
