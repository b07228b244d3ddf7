// The keys and the mouse in the Cost Code Detail; what they do is in the other grid-*.js files.
"use strict";

(() => {
  const inEditor = (target) => target.matches(".editor input");
  const printable = (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;

  const leave = (cell, to) => {
    sheet.commit(cell);
    if (to) sheet.moveTo(to);
    else if (!cell.editor) sheet.moveTo(cell);
  };

  const below = (cell, direction) => {
    const row = sheet.next(cell.parentElement, direction);
    return row && sheet.isLine(row) ? row.cells[cell.cellIndex] : null;
  };

  // -- while somebody types --
  const editorKeys = (event) => {
    const cell = event.target.closest("td, th");
    if (sheet.choiceKeys(event.target, event)) {
      event.preventDefault();
      return;
    }
    if (cell.parentElement.matches(".adding")) {
      if (event.key === "Enter") sheet.saveRow();
      else if (event.key === "Escape") sheet.closeRow();
      else return;
      event.preventDefault();
      return;
    }
    const { failed } = cell.editor;
    const buttons = failed && cell.querySelector(".told button");
    if (event.key === "Escape") sheet.cancel(cell);
    else if (event.key === "Enter" && ["conflict", "gone"].includes(failed)) buttons.focus();
    else if (event.key === "Tab" && buttons && !event.shiftKey) buttons.focus();
    else if (event.key === "Enter") leave(cell, below(cell, event.shiftKey ? -1 : 1));
    else if (event.key === "Tab") leave(cell, sheet.editable(cell, event.shiftKey ? -1 : 1));
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") leave(cell, below(cell, event.key === "ArrowUp" ? -1 : 1));
    else return;
    event.preventDefault();
  };

  // -- on a cell --
  const openLine = (cell) => {
    const link = cell.parentElement.querySelector("a[href]");
    if (link) link.click();
  };

  const enter = (cell) => {
    if (sheet.isLine(cell.parentElement)) sheet.open(cell);
    else {
      const control = cell.parentElement.querySelector("a[href], button, summary");
      if (control) control.click();
    }
  };

  const lines = () => {
    const chosen = sheet.selected();
    const row = sheet.cell.parentElement;
    return chosen.length || !sheet.isLine(row) ? chosen : [row];
  };

  const clear = (cell) => {
    if (sheet.selected().length) sheet.askDelete(sheet.selected());
    else if (sheet.isLine(cell.parentElement)) {
      sheet.open(cell, "");
      if (cell.editor) sheet.commit(cell);
    }
  };

  const move = {
    ArrowUp: (event) => (event.shiftKey ? sheet.extend(-1) : sheet.step(-1, 0)),
    ArrowDown: (event) => (event.shiftKey ? sheet.extend(1) : sheet.step(1, 0)),
    ArrowLeft: () => sheet.step(0, -1),
    ArrowRight: () => sheet.step(0, 1),
    PageUp: () => sheet.step(-sheet.PAGE, 0),
    PageDown: () => sheet.step(sheet.PAGE, 0),
    Home: (event) => sheet.edge(-1, event.ctrlKey),
    End: (event) => sheet.edge(1, event.ctrlKey),
  };

  const act = {
    Enter: (event, cell) => (event.ctrlKey ? openLine(cell) : enter(cell)),
    F2: (event, cell) => enter(cell),
    Delete: (event, cell) => (event.ctrlKey ? sheet.askDelete(lines()) : clear(cell)),
    Backspace: (event, cell) => sheet.open(cell, ""),
    Insert: () => sheet.addRow(),
    Escape: (event, cell) => { sheet.dismiss(cell); sheet.clearSelection(); },
    "?": () => showKeys(),
  };

  const cellKeys = (event, cell) => {
    if (event.key === " ") {
      if (sheet.isLine(cell.parentElement)) sheet.toggle(cell.parentElement);
    } else if (move[event.key]) move[event.key](event);
    else if (act[event.key]) act[event.key](event, cell);
    else if (printable(event) && sheet.isLine(cell.parentElement)) sheet.open(cell, event.key);
    else return;
    event.preventDefault();
  };

  const showKeys = () => sheet.show(document.getElementById("sheet-keys").content.cloneNode(true));

  // -- lines with an open remark --
  const toRemark = (direction) => {
    const all = (document.getElementById("sheet-remarks").dataset.lines || "").split(" ").filter(Boolean);
    if (!all.length) {
      sheet.say("No line has an open remark.");
      return;
    }
    const here = sheet.cell ? all.indexOf(sheet.cell.parentElement.dataset.line) : -1;
    const start = here < 0 ? (direction > 0 ? -1 : all.length) : here;
    const place = (start + direction + all.length) % all.length;
    const row = document.getElementById(`line-${all[place]}`);
    if (!row || row.offsetParent === null) {
      const query = new URLSearchParams(window.location.search);
      query.set("line", all[place]);
      query.set("cell", "code");
      window.location.assign(`${window.location.pathname}?${query}#line-${all[place]}`);
      return;
    }
    sheet.moveTo(row.cells[0]);
    const remark = row.nextElementSibling && row.nextElementSibling.querySelector(".remark");
    const words = remark ? remark.innerText.trim().split("\n").slice(0, 2).join(" ") : "";
    sheet.say(`Remark ${place + 1} of ${all.length}, ${sheet.nameOf(row)}: ${words}`);
  };

  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.defaultPrevented || event.isComposing || !document.getElementById("sheet")) return;
    if (event.key === "F8") {
      event.preventDefault();
      toRemark(event.shiftKey ? -1 : 1);
      return;
    }
    if (inEditor(target)) {
      editorKeys(event);
      return;
    }
    const told = target.closest(".told");
    if (told && event.key === "Escape") {
      const cell = told.closest("td, th");
      (cell.editor ? cell.editor.input : cell).focus();
      return;
    }
    const cell = target.closest(".grid td, .grid th");
    if (!cell || cell !== sheet.cell || target !== cell) return;
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      sheet.undo();
    } else cellKeys(event, cell);
  });

  // -- mouse and touch: the first click comes to a cell, the second types --
  const before = { cell: null };
  document.addEventListener("mousedown", (event) => {
    const cell = event.target.closest(".grid tbody td, .grid tbody th, .grid tfoot td, .grid tfoot th");
    before.cell = cell && cell === sheet.cell && document.activeElement === cell ? cell : null;
    if (!cell || cell.closest(".with-remark, .adding, .adding-foot") || event.target.closest("a, button, input, summary, .told")) return;
    event.preventDefault();
    sheet.moveTo(cell);
  });

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-keys]")) showKeys();
    if (target.closest("[data-undo]")) sheet.undo();
    if (target.closest("[data-to-unsaved]")) sheet.failedCells()[0].editor.input.focus();
    const button = target.closest(".told button");
    if (button && button.closest("td, th").editor && sheet.press(button)) return;
    if (target.matches(".pick")) {
      const row = target.closest("tr");
      if (event.shiftKey && sheet.anchor) sheet.selectRange(sheet.anchor, row);
      else sheet.toggle(row);
      return;
    }
    const cell = target.closest(".grid tr.line > *");
    if (cell && cell === before.cell && !target.closest("a, button, input, .told")) sheet.open(cell);
  });

  document.addEventListener("focusin", (event) => {
    const cell = event.target.closest(".grid tbody td, .grid tbody th, .grid tfoot td, .grid tfoot th");
    if (cell && cell !== sheet.cell && !cell.closest(".with-remark, .adding, .adding-foot")) sheet.moveTo(cell, { focus: false });
  });

  // Going elsewhere with the mouse saves, as in a spreadsheet; leaving the window does not.
  document.addEventListener("focusout", (event) => {
    if (!inEditor(event.target) || !document.hasFocus()) return;
    const cell = event.target.closest("td, th");
    if (!cell.editor || cell.editor.failed || cell.contains(event.relatedTarget)) return;
    sheet.commit(cell);
  });

  document.addEventListener("chosen", (event) => {
    const cell = event.target.closest("td, th");
    if (cell.editor) leave(cell, null);
  });

  document.addEventListener("htmx:afterSettle", sheet.prepare);

  // Nothing takes a cell off the page while what was typed into it is not saved.
  const holds = (part) => part && sheet.failedCells().find((cell) => part.contains(cell));
  const keep = (event, cell) => {
    event.preventDefault();
    event.stopPropagation();
    cell.editor.input.focus();
    sheet.say("First save this cell, or press Esc to give up what you typed.");
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const cell = holds(event.detail.target);
    if (cell) keep(event, cell);
  });
  document.addEventListener("click", (event) => {
    const toggle = event.target.closest(".grid .toggle, .grid [data-start]");
    const cell = toggle && holds(toggle.closest("tbody"));
    if (cell) keep(event, cell);
  }, true);

  const bar = document.getElementById("sheet-bar");
  if (!bar) return; // a budget without lines has no grid yet
  bar.hidden = false;
  sheet.prepare();
  const landing = new URLSearchParams(window.location.search);
  const row = document.getElementById(`line-${landing.get("line")}`);
  const cell = row && sheet.cellOf(row, landing.get("cell"));
  if (cell) sheet.moveTo(cell);
})();
