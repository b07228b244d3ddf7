// How the grid speaks with the server: one request after the other, each answered with pieces of the page.
"use strict";

(() => {
  const PATIENCE = 30000; // milliseconds until a request counts as lost
  const settings = () => document.getElementById("sheet").dataset;
  const parsed = (text) => new DOMParser().parseFromString(text, "text/html").body;
  const token = () => document.querySelector("#sheet [name=csrfmiddlewaretoken]");

  // An id that lets the same request count once; randomUUID is not there on plain http.
  const newId = () => {
    const bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };

  const from = (name) => {
    const found = document.getElementById(`sheet-${name}`).content.firstElementChild.cloneNode(true);
    return { kind: name, found, body: found };
  };

  const send = async (address, values) => {
    const options = { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE) };
    if (values) {
      const body = new URLSearchParams({ where: window.location.search, csrfmiddlewaretoken: token().value });
      Object.entries(values).forEach(([name, value]) => [value].flat().forEach((one) => body.append(name, one)));
      Object.assign(options, { method: "POST", body });
    }
    const answer = await fetch(address, options);
    return { status: answer.status, body: parsed(await answer.text()) };
  };

  // After logging in again the forms of this page carry an old token: the page as it is now has the new one.
  const renew = async () => {
    const { body } = await send(window.location.pathname);
    const fresh = body.querySelector("#sheet [name=csrfmiddlewaretoken]");
    if (fresh) token().value = fresh.value;
    return Boolean(fresh);
  };

  const ask = async (address, values) => {
    try {
      let { status, body } = await send(address, values);
      if (status === 403 && values && (await renew())) ({ status, body } = await send(address, values));
      const found = body.querySelector("[data-answer]");
      if (found) return { kind: found.dataset.answer, found, body };
      const out = status === 403 || body.querySelector("input[type=password]");
      return from(out ? "expired" : status === 404 ? "missing" : "failed");
    } catch (problem) {
      return from("lost");
    }
  };

  let tail = Promise.resolve();
  let waiting = 0;
  const inTurn = (job) => {
    waiting += 1;
    const mine = tail.then(job);
    tail = mine.catch(() => undefined).finally(() => { waiting -= 1; });
    return mine;
  };

  // -- putting pieces in their places --
  const patchCell = (old, fresh) => {
    if (old.editor) { // somebody types here: what came goes below
      old.editor.under = [...fresh.childNodes];
      return;
    }
    const pick = old.querySelector(":scope > .pick");
    old.className = fresh.className;
    old.replaceChildren(...(pick ? [pick] : []), ...fresh.childNodes);
  };

  const patchRow = (fresh) => {
    const row = document.getElementById(fresh.id);
    if (!row) return false;
    Object.keys(row.dataset).forEach((key) => { if (!(key in fresh.dataset)) delete row.dataset[key]; });
    Object.assign(row.dataset, fresh.dataset);
    const cells = [...fresh.cells];
    if (cells.length === row.cells.length) cells.forEach((cell, place) => patchCell(row.cells[place], cell));
    return true;
  };

  const groupOf = (group) => {
    const head = document.querySelector(`.grid tr[data-sums="${window.CSS.escape(group)}"]`);
    return head && head.closest("tbody");
  };

  // A line whose code changed goes to the division it is summed under now, with the cursor where it was.
  const bringHome = (fresh) => {
    const row = document.getElementById(fresh.id);
    const home = groupOf(fresh.parentElement.dataset.group);
    if (!home || home.contains(row) || row.querySelector(".editor")) return;
    const active = row.contains(document.activeElement) ? document.activeElement : null;
    const remark = row.nextElementSibling;
    home.append(row, ...(remark && remark.matches(".with-remark") ? [remark] : []));
    if (active) active.focus({ preventScroll: true });
  };

  // The sums are matched by their column, whatever else stands in the head of a group. A group without lines goes.
  const patchSums = (body) => {
    const fresh = new Map([...body.querySelectorAll("[data-sums]")].map((row) => [row.dataset.sums, row]));
    document.querySelectorAll(".grid [data-sums]").forEach((row) => {
      const sums = fresh.get(row.dataset.sums);
      if (!sums) {
        if (!row.parentElement.querySelector("tr.line")) row.remove();
        return;
      }
      const count = row.querySelector("[data-count]");
      if (count) count.textContent = sums.querySelector("[data-count]").textContent;
      sums.querySelectorAll("[data-col]").forEach((cell) => {
        const old = sheet.cellOf(row, cell.dataset.col);
        if (!old) return;
        old.className = cell.className;
        old.textContent = cell.textContent;
      });
    });
  };

  const apply = (body) => {
    const fresh = [...body.querySelectorAll("tr.line")];
    const unplaced = fresh.filter((row) => !patchRow(row));
    fresh.filter((row) => !unplaced.includes(row)).forEach(bringHome);
    patchSums(body);
    body.querySelectorAll("[data-pieces] > [id]").forEach((piece) => {
      const old = document.getElementById(piece.id);
      if (!old) return;
      old.replaceWith(piece);
      window.htmx.process(piece);
    });
    body.querySelectorAll("[data-gone]").forEach((gone) => {
      const row = document.getElementById(`line-${gone.dataset.gone}`);
      if (row) sheet.takeOff(row);
    });
    sheet.prepare();
    const said = body.querySelector("[data-said]").textContent.trim();
    if (said) say(said);
    return unplaced;
  };

  const say = (text) => {
    document.getElementById("sheet-said").textContent = text;
    announce(text);
  };

  Object.assign(sheet, { settings, newId, ask, inTurn, isWaiting: () => waiting > 0, apply, say, groupOf });
})();
