// Copying cells or lines as a spreadsheet takes them, and pasting a block from one: that goes to the import's preview.
"use strict";

(() => {
  const FORMULA = /^'*[=+\-@]/;
  const FIGURE = /^\(?[+-]?[\d,.\s$]+\)?$/;

  // Text that a spreadsheet would take for a formula gets an apostrophe, as in an export.
  const written = (cell) => {
    const text = sheet.valueOf(cell).replace(/\s+/g, " ");
    return FORMULA.test(text) && !FIGURE.test(text) ? `'${text}` : text;
  };

  const inTable = () => {
    const active = document.activeElement;
    return Boolean(active) && Boolean(active.closest(".grid table")) && !active.matches("input:not(.pick), textarea, select");
  };

  document.addEventListener("copy", (event) => {
    if (!sheet.cell || !inTable() || String(window.getSelection())) return;
    const rows = sheet.selected();
    const text = rows.length
      ? rows.map((row) => [...row.cells].map(written).join("\t")).join("\n")
      : written(sheet.cell);
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    sheet.say(rows.length ? `Copied ${rows.length} ${rows.length === 1 ? "line" : "lines"}.` : "Copied.");
  });

  document.addEventListener("paste", (event) => {
    if (!sheet.cell || !inTable()) return;
    event.preventDefault();
    const text = event.clipboardData.getData("text/plain").replace(/[\r\n]+$/, "");
    if (!text) return;
    if (/[\t\n]/.test(text)) pasteBlock(text);
    else {
      sheet.open(sheet.cell, text);
      if (sheet.cell.editor) sheet.commit(sheet.cell);
    }
  });

  const pasteBlock = (text) => {
    const form = document.getElementById("sheet-paste");
    if (!form) {
      sheet.say("Several cells at once are not taken here. Paste them one by one, or import a file.");
      return;
    }
    sheet.say("Opening the preview of what you pasted.");
    form.elements.pasted.value = text;
    form.elements.csrfmiddlewaretoken.value = document.querySelector("#sheet [name=csrfmiddlewaretoken]").value;
    form.submit();
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-copy-selected]")) {
      sheet.moveTo(sheet.cell);
      document.execCommand("copy");
    }
  });
})();
