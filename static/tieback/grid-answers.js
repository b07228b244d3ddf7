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

  const say = (text) => {
    document.getElementById("sheet-said").textContent = text;
    announce(text);
  };

  Object.assign(sheet, { settings, newId, ask, inTurn, isWaiting: () => waiting > 0, say });
})();
