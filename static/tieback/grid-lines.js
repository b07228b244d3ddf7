// Lines come and go in place: an empty row that stays ready for the next one, deleting one or many, and bringing them back.
"use strict";

(() => {
  const address = (name) => sheet.settings()[name];
  const dialog = () => document.getElementById("sheet-dialog");
  const adding = () => document.querySelector(".grid tr.adding");

  // -- adding --
  const inputFor = (head) => {
    const input = document.createElement("input");
    input.name = head.dataset.field;
    input.size = 1;
    input.autocomplete = "off";
    input.setAttribute("aria-label", `${sheet.labelOf(head)} of the new line`);
    if (head.matches(".figure-cell")) {
      input.className = "figure";
      input.inputMode = "decimal";
    }
    return input;
  };

  const cellFor = (head) => {
    const cell = document.createElement(head.matches(".pin") ? "th" : "td");
    if (head.matches(".pin")) {
      cell.className = "pin";
      cell.scope = "row";
    }
    if (head.dataset.field) {
      const box = document.createElement("div");
      const input = inputFor(head);
      box.className = "editor";
      box.append(input);
      cell.append(box);
      if (["job", "cost_code", "cost_type", "unit"].includes(input.name)) sheet.offer(input, input.name, box);
    }
    return cell;
  };

  const addRow = () => {
    if (!sheet.table()) {
      window.location.assign(address("addPage"));
      return;
    }
    const blocked = document.querySelector("#sheet-bar [data-blockers]");
    if (blocked) { // the key does what the button does
      blocked.click();
      return;
    }
    let row = adding();
    if (!row) {
      row = document.createElement("tr");
      row.className = "adding";
      row.append(...[...sheet.table().tHead.rows[0].cells].map(cellFor));
      const foot = document.getElementById("sheet-adding").content.firstElementChild.cloneNode(true);
      foot.cells[0].colSpan = row.cells.length;
      const here = sheet.cell ? sheet.cell.parentElement : null;
      const section = here && here.closest("tbody") ? here.closest("tbody") : sheet.table().tBodies[sheet.table().tBodies.length - 1];
      if (sheet.isLine(here)) here.after(row, foot);
      else section.append(row, foot);
    }
    row.querySelector("input").focus();
    row.scrollIntoView({ block: "nearest" });
  };

  const typedIn = (row) => Object.fromEntries([...row.querySelectorAll("input[name]")].map((one) => [one.name, sheet.settled(one)]));

  const closeRow = () => {
    const row = adding();
    if (!row) return;
    row.nextElementSibling.remove();
    row.remove();
    if (sheet.cell && sheet.cell.isConnected) sheet.moveTo(sheet.cell);
  };

  // Where the sub job is the outer level of the table, a line belongs to the one it is typed under.
  const jobOf = (row) => {
    const head = row.closest("tbody").querySelector("[data-sums]");
    const [job] = head ? head.dataset.sums.split("|") : [""];
    return job ? { job } : {};
  };

  const toldIn = (row) => row.nextElementSibling.querySelector("[data-told]");

  const saveRow = () => {
    const row = adding();
    const values = typedIn(row);
    if (!values.amount) delete values.amount;
    if (!("job" in values)) Object.assign(values, jobOf(row));
    row.dataset.submission = row.dataset.submission || sheet.newId();
    row.querySelectorAll("input").forEach((input) => { input.readOnly = true; input.removeAttribute("aria-invalid"); });
    return sheet.inTurn(async () => {
      const answer = await sheet.ask(address("add"), { ...values, submission: row.dataset.submission });
      row.querySelectorAll("input").forEach((input) => { input.readOnly = false; });
      if (answer.kind === "saved") added(row, answer.body);
      else refused(row, answer.found);
    });
  };

  const added = (row, body) => {
    const lines = sheet.apply(body, row).map((fresh) => fresh.dataset.line);
    delete row.dataset.submission;
    toldIn(row).replaceChildren();
    row.querySelectorAll("input").forEach((input) => { input.value = ""; input.removeAttribute("aria-describedby"); });
    row.querySelector("input").focus();
    sheet.remember(() => removeNow(lines, { undo: "yes" }));
  };

  const refused = (row, found) => {
    toldIn(row).replaceChildren(found);
    const named = [...found.querySelectorAll("[data-field]")].map((one) => row.querySelector(`input[name="${one.dataset.field}"]`));
    const inputs = named.filter(Boolean);
    toldIn(row).id = "told-adding";
    inputs.forEach((input) => { input.setAttribute("aria-invalid", "true"); input.setAttribute("aria-describedby", "told-adding"); });
    (inputs[0] || row.querySelector("input")).focus();
    sheet.say("Not added. Why stands under the row.");
    row.nextElementSibling.scrollIntoView({ block: "center" });
  };

  // -- deleting --
  const takeOff = (row) => {
    const beside = sheet.next(row, 1) || sheet.next(row, -1);
    const had = sheet.cell && sheet.cell.parentElement === row;
    const remark = row.nextElementSibling;
    if (remark && remark.matches(".with-remark")) remark.remove();
    row.remove();
    if (had && beside) sheet.moveTo(beside.cells[Math.min(sheet.column, beside.cells.length - 1)]);
  };

  const askDelete = async (rows) => {
    const lines = rows.map((row) => row.dataset.line);
    if (!lines.length) return;
    const query = new URLSearchParams(lines.map((line) => ["line", line]));
    show((await sheet.ask(`${address("delete")}?${query}`)).found);
  };

  const removeNow = (lines, more = {}) => sheet.inTurn(async () => {
    const answer = await sheet.ask(address("delete"), { line: lines, submission: sheet.newId(), ...more });
    if (answer.kind !== "saved") {
      show(answer.found);
      return;
    }
    if (dialog().open) dialog().close();
    sheet.apply(answer.body);
    if (document.getElementById("sheet-selected").hidden === false) sheet.clearSelection();
    document.getElementById("sheet-selected").hidden = true;
    if (!more.undo) sheet.remember(() => restore(lines));
  });

  const restore = (lines) => sheet.inTurn(async () => {
    const answer = await sheet.ask(address("restore"), { line: lines, submission: sheet.newId() });
    if (answer.kind !== "saved") {
      sheet.say(`Not brought back: ${answer.found.textContent.trim().replace(/\s+/g, " ")}`);
      return [];
    }
    const shown = sheet.apply(answer.body, null).filter((row) => row.isConnected);
    if (shown.length) sheet.moveTo(shown[0].cells[0]);
    return shown;
  });

  // Somebody deleted the line while this person typed: it comes back, and what was typed goes into it.
  const addAgain = async (button) => {
    const cell = button.closest("td, th");
    const { value } = cell.editor.input;
    const [row] = await restore([button.dataset.restore]);
    if (!row) return;
    const { col } = cell.dataset;
    sheet.close(cell);
    takeOff(cell.parentElement);
    sheet.open(sheet.cellOf(row, col), value);
  };

  // -- the one dialog --
  const show = (content) => {
    dialog().querySelector("[data-content]").replaceChildren(content);
    if (!dialog().open) dialog().showModal();
  };

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-close]")) dialog().close();
    const button = target.closest("[data-delete]");
    if (button) removeNow(button.dataset.delete.trim().split(" "));
    if (target.closest("[data-delete-selected]")) askDelete(sheet.selected());
    if (target.closest("[data-clear-selection]")) sheet.clearSelection();
    if (target.closest("[data-add-here]")) addRow();
    if (target.closest("[data-save-row]")) saveRow();
    if (target.closest("[data-close-row]")) closeRow();
    const again = target.closest("[data-restore]");
    if (again) addAgain(again);
  });

  Object.assign(sheet, { addRow, saveRow, closeRow, takeOff, askDelete, show, dialog });
})();
