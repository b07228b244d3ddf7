// Putting the pieces of a page that the server sent in the place of the old ones, around whatever is being typed.
"use strict";

(() => {
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
  const isClosed = (home) => Boolean(home.querySelector(".toggle[aria-expanded=false]"));
  const code = (fresh) => fresh.parentElement.dataset.group.split("|").pop();

  // Where a row that is not shown yet belongs: beside the one it was typed in, else in its group. Returns what to say.
  const place = (fresh, near) => {
    const home = groupOf(fresh.parentElement.dataset.group);
    if (near && (!home || home.contains(near))) near.before(fresh);
    else if (!home) return `It stands under ${code(fresh)}, which shows when the page is loaded again.`;
    else if (isClosed(home)) return `It stands under ${code(fresh)}, which is closed.`;
    else home.append(fresh);
    return "";
  };

  // A line whose code changed goes to the group it is summed under now, with the cursor where it was.
  const bringHome = (fresh) => {
    const row = document.getElementById(fresh.id);
    const home = groupOf(fresh.parentElement.dataset.group);
    if (!home || home.contains(row) || row.querySelector(".editor")) return "";
    if (isClosed(home)) {
      sheet.takeOff(row);
      return `It stands under ${code(fresh)} now, which is closed.`;
    }
    const active = row.contains(document.activeElement) ? document.activeElement : null;
    const remark = row.nextElementSibling;
    home.append(row, ...(remark && remark.matches(".with-remark") ? [remark] : []));
    if (active) active.focus({ preventScroll: true });
    return "";
  };

  // The sums are matched by their column, whatever else stands in the head of a group. A group without lines goes; one
  // whose rows stand there although no filter shows them any more comes to nothing.
  const patchSums = (body) => {
    const fresh = new Map([...body.querySelectorAll("[data-sums]")].map((row) => [row.dataset.sums, row]));
    document.querySelectorAll(".grid [data-sums]").forEach((row) => {
      const known = fresh.get(row.dataset.sums);
      if (!known && !row.parentElement.querySelector("tr.line")) {
        row.remove();
        return;
      }
      const sums = known || fresh.get("none");
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

  // How many lines each filter would show, and how many rows there are to expand.
  const patchNumbers = (body) => body.querySelectorAll("[data-number-of]").forEach((fresh) => {
    document.querySelectorAll(`#detail [data-number-of="${fresh.dataset.numberOf}"]`).forEach((old) => {
      old.textContent = fresh.textContent;
    });
  });

  const swap = (piece) => {
    const old = document.getElementById(piece.id);
    if (!old) return;
    old.replaceWith(piece);
    window.htmx.process(piece);
  };

  // Rows that the page does not show are placed near `near` or in their groups; without it they are only counted.
  const apply = (body, near) => {
    const all = [...body.querySelectorAll("tr.line")];
    const unplaced = all.filter((row) => !patchRow(row));
    const notes = all.filter((row) => !unplaced.includes(row)).map(bringHome);
    if (near !== undefined) notes.push(...unplaced.map((fresh) => place(fresh, near)));
    body.querySelectorAll("[data-gone]").forEach((gone) => {
      const row = document.getElementById(`line-${gone.dataset.gone}`);
      if (row) sheet.takeOff(row);
    });
    patchSums(body);
    patchNumbers(body);
    body.querySelectorAll("[data-pieces] > [id]").forEach(swap);
    sheet.prepare();
    const said = [body.querySelector("[data-said]").textContent.trim(), ...notes].filter(Boolean).join(" ");
    if (said) sheet.say(said);
    return unplaced;
  };

  Object.assign(sheet, { apply });
})();
