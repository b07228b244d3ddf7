// Typing into a cell: what is typed stays in the cell until the server has it, or until the person gives it up.
"use strict";

(() => {
  const settings = () => sheet.settings();
  const addressOf = (row) => `${settings().lines}${row.dataset.line}/cell/`;
  const undone = [];
  const mine = new Map(); // the version of each line after this person's last save of it

  const may = (cell) => {
    const field = sheet.fieldOf(cell);
    const posted = cell.parentElement.dataset.posted && ["job", "cost_code", "cost_type"].includes(field);
    return Boolean(field) && settings().editable === "yes" && !posted;
  };

  const label = (cell) => `${sheet.labelOf(sheet.headOf(cell))} of ${sheet.nameOf(cell.parentElement)}`;

  // -- the words beside a cell --
  const tell = (cell, found) => {
    dismiss(cell, true);
    const told = document.createElement("div");
    told.className = "told";
    told.id = `told-${cell.parentElement.dataset.line || "x"}-${cell.dataset.col}`;
    told.append(found);
    (cell.editor ? cell.editor.box : cell).append(told);
    cell.classList.add("has-told");
    sheet.float(told, cell);
    return told;
  };

  // Words about a cell that nobody edits go away when the cursor does; those about something unsaved stay.
  const dismiss = (cell, also = false) => {
    if (cell.editor && !also) return;
    cell.querySelectorAll(":scope .told").forEach((told) => told.remove());
    cell.classList.remove("has-told");
  };

  const why = async (cell) => {
    const row = cell.parentElement;
    if (!sheet.isLine(row)) return;
    const { kind, found } = await sheet.ask(`${addressOf(row)}?column=${cell.dataset.col}`);
    if (kind === "why" && !found.textContent.trim()) {
      settings().editable = "yes"; // it became so while the page stood open
      if (may(cell)) open(cell);
      return;
    }
    tell(cell, found);
    announce(found.textContent.trim().replace(/\s+/g, " "));
  };

  // -- the editor --
  const open = (cell, text = null) => {
    if (cell.editor) {
      cell.editor.input.focus();
      return;
    }
    if (!may(cell)) {
      why(cell);
      return;
    }
    sheet.moveTo(cell, { focus: false });
    const was = sheet.valueOf(cell);
    const box = document.createElement("div");
    box.className = "editor";
    const input = document.createElement("input");
    input.value = text === null ? was : text;
    input.size = 1; // the column says how wide it is
    input.autocomplete = "off";
    input.spellcheck = cell.dataset.col === "description";
    input.setAttribute("aria-label", label(cell));
    if (cell.matches(".figure-cell")) {
      input.className = "figure";
      input.inputMode = "decimal";
    }
    box.append(input);
    const seen = cell.parentElement.dataset.version; // the row may be renewed while somebody types
    cell.editor = { box, input, was, seen, field: sheet.fieldOf(cell), under: [...cell.childNodes], failed: "" };
    cell.classList.add("editing");
    cell.replaceChildren(box);
    if (["job", "cost_code", "cost_type", "unit"].includes(cell.editor.field)) sheet.offer(input, cell.editor.field, box);
    if (cell.editor.field === "amount") hint(cell);
    input.focus();
    if (text === null) input.select();
    else sheet.search(input);
  };

  // How an amount follows quantity and unit cost, and a button for it.
  const hint = (cell) => {
    const row = cell.parentElement;
    const factors = ["quantity", "unit_cost"].map((column) => sheet.cellOf(row, column)).filter(Boolean).map(sheet.valueOf);
    if (factors.length < 2 || !factors[0] || !factors[1]) return;
    const name = row.dataset.follows ? "automatic" : "typed";
    const found = document.getElementById(`sheet-${name}`).content.firstElementChild.cloneNode(true);
    found.querySelectorAll("[data-factors]").forEach((words) => { words.textContent = factors.join(" × "); });
    const told = tell(cell, found);
    cell.editor.input.setAttribute("aria-describedby", told.id);
  };

  const close = (cell) => {
    const { under } = cell.editor;
    const had = cell.contains(document.activeElement);
    cell.editor = null;
    cell.classList.remove("editing", "saving", "has-told");
    cell.replaceChildren(...under);
    if (had) cell.focus({ preventScroll: true });
    countUnsaved();
  };

  const commit = (cell) => {
    const { editor } = cell;
    if (!editor || editor.input.readOnly) return;
    const value = sheet.settled(editor.input);
    if (value === editor.was && !editor.failed) close(cell);
    else if (editor.failed === "gone") return;
    else save(cell, { [editor.field]: value });
  };

  const before = (cell) => {
    const { field, was } = cell.editor;
    if (field !== "amount") return { [field]: was };
    return cell.parentElement.dataset.follows ? { automatic: "yes" } : { amount: was };
  };

  const save = (cell, values, { seen = "", again = false } = {}) => {
    const { editor } = cell;
    const row = cell.parentElement;
    if (!again) editor.submission = sheet.newId();
    editor.input.readOnly = true;
    editor.input.removeAttribute("aria-invalid");
    editor.failed = "";
    editor.values = values;
    cell.classList.add("saving");
    countUnsaved();
    return sheet.inTurn(async () => {
      const back = before(cell);
      const version = seen || editor.seen;
      const answer = await sheet.ask(addressOf(row), { ...values, version, submission: editor.submission });
      settle(cell, answer, { what: label(cell), line: row.dataset.line, values: back });
      if (answer.kind === "saved") isMine(row, version);
    });
  };

  // What this person saved is no news to what else they are typing into that line; what somebody else saved is.
  const isMine = (row, before) => {
    if (Number(row.dataset.version) !== Number(before) + 1) return;
    mine.set(row.dataset.line, row.dataset.version);
    row.querySelectorAll(".editing").forEach((cell) => { cell.editor.seen = row.dataset.version; });
  };

  const settle = (cell, { kind, found, body }, undo) => {
    if (kind === "saved") {
      close(cell);
      sheet.apply(body);
      cell.classList.add("saved");
      cell.addEventListener("animationend", () => cell.classList.remove("saved"), { once: true });
      remember(() => take(undo));
      return;
    }
    refuse(cell, kind, found);
  };

  // Not saved: what was typed stays in the cell, with the reason beside it.
  const refuse = (cell, kind, found) => {
    const { editor } = cell;
    editor.input.readOnly = false;
    editor.failed = kind;
    editor.version = found.dataset.version || "";
    editor.input.setAttribute("aria-invalid", "true");
    cell.classList.remove("saving");
    const told = tell(cell, found);
    editor.input.setAttribute("aria-describedby", told.id);
    const first = [...told.querySelectorAll(".error, .sentence, strong, p")].slice(0, 1).map((one) => one.textContent.trim());
    announce(`${label(cell)} is not saved: ${first.join(" ")}`);
    const active = document.activeElement;
    if (!active || active === document.body || active === sheet.cell) {
      sheet.moveTo(cell, { focus: false });
      editor.input.focus();
    }
    countUnsaved();
  };

  const failedCells = () => [...document.querySelectorAll(".grid .editing")].filter((cell) => cell.editor.failed);

  const countUnsaved = () => {
    const cells = failedCells();
    const bar = document.getElementById("sheet-unsaved");
    bar.hidden = cells.length === 0;
    bar.querySelector("[data-number]").textContent = `${cells.length} ${cells.length === 1 ? "cell is" : "cells are"} not saved`;
  };

  // -- giving in, insisting, trying again --
  const takeTheirs = (cell) => {
    const row = cell.parentElement;
    close(cell);
    cell.focus();
    return sheet.inTurn(async () => {
      const query = new URLSearchParams(window.location.search);
      query.append("fresh", row.dataset.line);
      const { kind, body } = await sheet.ask(`${settings().pieces}?${query}`);
      if (kind === "saved") sheet.apply(body);
      sheet.say(`${label(cell)} shows what is saved now: ${sheet.valueOf(cell) || "empty"}.`);
    });
  };

  const cancel = (cell) => {
    const { failed } = cell.editor;
    if (failed === "conflict") {
      takeTheirs(cell);
      return;
    }
    close(cell);
    if (failed) sheet.say(`${label(cell)} is as it was: ${sheet.valueOf(cell) || "empty"}.`);
  };

  const press = (button) => {
    const cell = button.closest("td, th");
    const { dataset } = button;
    if ("keepMine" in dataset) save(cell, cell.editor.values, { seen: cell.editor.version });
    else if ("takeTheirs" in dataset) takeTheirs(cell);
    else if ("again" in dataset) {
      const same = cell.editor.values[cell.editor.field] === cell.editor.input.value;
      if (same) save(cell, cell.editor.values, { again: true });
      else commit(cell);
    } else if ("follow" in dataset) save(cell, { automatic: dataset.follow });
    else if ("letGo" in dataset) {
      const row = cell.parentElement;
      close(cell);
      sheet.takeOff(row);
    } else return false;
    return true;
  };

  // -- undo --
  const take = ({ what, line, values }) => {
    const row = document.getElementById(`line-${line}`);
    if (!row) {
      sheet.say(`${what} is not on this page any more, so it was not undone.`);
      return null;
    }
    return sheet.inTurn(async () => {
      const version = mine.get(line) || row.dataset.version;
      const given = { ...values, undo: "yes", version, submission: sheet.newId() };
      const { kind, found, body } = await sheet.ask(addressOf(row), given);
      if (kind === "saved") {
        sheet.apply(body);
        isMine(row, version);
      } else sheet.say(`Not undone: ${found.textContent.trim().replace(/\s+/g, " ")}`);
      const cell = [...row.cells].find((one) => sheet.fieldOf(one) in values);
      if (cell && !document.querySelector(".editing input:focus")) sheet.moveTo(cell);
    });
  };

  const remember = (act) => {
    undone.push(act);
    showUndo();
  };

  const showUndo = () => { document.querySelector("#sheet-bar [data-undo]").hidden = undone.length === 0; };

  const undo = () => {
    const last = undone.pop();
    showUndo();
    if (last) last();
    else sheet.say("There is nothing to undo on this page.");
  };

  window.addEventListener("beforeunload", (event) => {
    if (sheet.isWaiting() || failedCells().length) event.preventDefault();
  });

  Object.assign(sheet, {
    may, tell, dismiss, why, open, close, commit, cancel, save, press, undo, failedCells,
    remember,
  });
})();
