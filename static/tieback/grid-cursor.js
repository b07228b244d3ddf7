// The cursor of the Cost Code Detail, by the WAI-ARIA grid pattern: one cell is the tab stop, arrows move it. The table is a
// plain one until this runs. Lines are selected with checkboxes or Shift, for copying and deleting.
"use strict";

const sheet = { cell: null, column: 0, anchor: null };

(() => {
  const PAGE = 10;
  const table = () => document.querySelector(".grid table");
  const isLine = (row) => Boolean(row) && row.matches("tr.line");
  const visits = (row) => row.matches("tr") && !row.matches(".with-remark, .adding, .adding-foot") && row.offsetParent !== null;

  const next = (row, step) => {
    let section = row.parentElement;
    let found = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    for (;;) {
      while (found && !visits(found)) found = step > 0 ? found.nextElementSibling : found.previousElementSibling;
      if (found) return found;
      section = step > 0 ? section.nextElementSibling : section.previousElementSibling;
      if (!section || !section.matches("tbody, tfoot")) return null;
      found = step > 0 ? section.firstElementChild : section.lastElementChild;
    }
  };

  const far = (row, step) => {
    let last = row;
    for (let number = 0; number < Math.abs(step); number += 1) {
      const found = next(last, step);
      if (!found) break;
      last = found;
    }
    return last;
  };

  const placeOf = (cell) => {
    let place = 0;
    for (let before = cell.previousElementSibling; before; before = before.previousElementSibling) place += before.colSpan;
    return place;
  };

  const cellAt = (row, place) => {
    let end = 0;
    for (const cell of row.cells) {
      end += cell.colSpan;
      if (end > place) return cell;
    }
    return row.cells[row.cells.length - 1];
  };

  const headOf = (cell) => table().tHead.querySelector(`[data-col="${cell.dataset.col}"]`);
  const fieldOf = (cell) => (isLine(cell.parentElement) && cell.dataset.col ? headOf(cell).dataset.field || "" : "");

  // What the line's form calls a column's field, else the head of the column.
  const labelOf = (head) => {
    const label = head.dataset.field && document.querySelector(`#sheet [data-label="${head.dataset.field}"]`);
    return (label || head).textContent.trim();
  };

  // What a cell holds as a person would type it: its first words, without marks; a dash stands for nothing.
  const valueOf = (cell) => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      if (walker.currentNode.parentElement.closest(".mark, .told")) break;
      if (text) return text === "–" || (text === "no code" && cell.dataset.col === "code") ? "" : text;
    }
    return "";
  };

  const cellOf = (row, column) => row.querySelector(`:scope > [data-col="${column}"]`);
  const nameOf = (row) => {
    const [code, type] = ["code", "type"].map((column) => cellOf(row, column)).map((cell) => (cell ? valueOf(cell) : ""));
    return code ? `${code} ${type}`.trim() : `line without code${type && ` (${type})`}`;
  };

  const moveTo = (cell, { focus = true, keepColumn = false } = {}) => {
    if (sheet.cell && sheet.cell !== cell) {
      sheet.cell.removeAttribute("tabindex");
      if (sheet.cell.parentElement) sheet.dismiss(sheet.cell);
    }
    sheet.cell = cell;
    if (!keepColumn) sheet.column = placeOf(cell);
    cell.tabIndex = 0;
    if (isLine(cell.parentElement)) cell.setAttribute("aria-readonly", String(!sheet.may(cell)));
    if (focus) {
      cell.focus({ preventScroll: true });
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  };

  const step = (rows, columns) => {
    const row = sheet.cell.parentElement;
    if (rows) {
      moveTo(cellAt(far(row, rows), sheet.column), { keepColumn: true });
      return;
    }
    const beside = columns > 0 ? sheet.cell.nextElementSibling : sheet.cell.previousElementSibling;
    if (beside) moveTo(beside);
  };

  // The next cell of a line that may be typed into, across rows; null at either end.
  const editable = (from, direction) => {
    let row = from.parentElement;
    let cell = from;
    for (;;) {
      cell = direction > 0 ? cell.nextElementSibling : cell.previousElementSibling;
      while (!cell) {
        row = next(row, direction);
        if (!row) return null;
        if (isLine(row)) cell = direction > 0 ? row.firstElementChild : row.lastElementChild;
      }
      if (sheet.may(cell)) return cell;
    }
  };

  const edge = (direction, everything) => {
    let row = sheet.cell.parentElement;
    if (everything) {
      row = far(row, direction * Number.MAX_SAFE_INTEGER);
    }
    moveTo(direction > 0 ? row.lastElementChild : row.firstElementChild);
  };

  // -- selecting lines --
  const selected = () => [...document.querySelectorAll(".grid tr.line[aria-selected=true]")];

  const select = (row, on) => {
    row.setAttribute("aria-selected", String(on));
    const box = row.querySelector(".pick");
    if (box) box.checked = on;
  };

  const tellSelected = () => {
    const number = selected().length;
    const bar = document.getElementById("sheet-selected");
    bar.hidden = number === 0;
    const words = `${number} ${number === 1 ? "line" : "lines"} selected`;
    bar.querySelector("[data-number]").textContent = words;
    announce(number ? words : "No line selected");
  };

  const toggle = (row) => {
    select(row, row.getAttribute("aria-selected") !== "true");
    sheet.anchor = row;
    tellSelected();
  };

  const clearSelection = () => {
    if (!selected().length) return;
    selected().forEach((row) => select(row, false));
    tellSelected();
  };

  const selectRange = (from, to) => {
    const down = from.compareDocumentPosition(to) & Node.DOCUMENT_POSITION_FOLLOWING;
    selected().forEach((row) => select(row, false));
    for (let row = from; row; row = row === to ? null : next(row, down ? 1 : -1)) if (isLine(row)) select(row, true);
    tellSelected();
  };

  const extend = (direction) => {
    const row = sheet.cell.parentElement;
    const there = next(row, direction);
    if (!there) return;
    if (!sheet.anchor || !selected().length) sheet.anchor = row;
    moveTo(cellAt(there, sheet.column), { keepColumn: true });
    selectRange(sheet.anchor, there);
  };

  // -- making a table a grid, again whenever rows arrive --
  const readyRow = (row) => {
    const head = row.cells[0];
    if (!head || head.querySelector(".pick")) return;
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "pick no-print";
    box.tabIndex = -1;
    box.setAttribute("aria-label", `Select ${nameOf(row)}`);
    box.checked = row.getAttribute("aria-selected") === "true";
    head.prepend(box);
  };

  const prepare = () => {
    const grid = table();
    if (!grid) return;
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-multiselectable", "true");
    grid.closest(".grid").removeAttribute("tabindex"); // the cursor is the tab stop, and scrolls it
    grid.querySelectorAll("tr.line").forEach(readyRow);
    grid.querySelectorAll("tbody a, tbody button, tbody summary").forEach((control) => {
      if (!control.closest(".with-remark, .told, .adding, .adding-foot, .editor")) control.tabIndex = -1;
    });
    if (sheet.cell && sheet.cell.isConnected) return;
    const first = grid.querySelector("tr.line") || grid.querySelector("tbody tr");
    sheet.cell = null;
    if (first) moveTo(first.cells[0], { focus: false });
  };

  Object.assign(sheet, {
    PAGE, table, isLine, next, headOf, fieldOf, labelOf, valueOf, cellOf, nameOf, moveTo, step, editable, edge, selected, select,
    toggle, clearSelection, selectRange, extend, prepare,
  });
})();
