// The arrows of a view's columns move a column at once; without this each press asks the server to do it.
"use strict";

document.querySelectorAll("[data-columns]").forEach((list) => {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    const item = button.closest("[data-column]");
    const up = button.dataset.move === "up";
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (up) other.before(item); else other.after(item);
    button.focus();
    const place = [...list.children].indexOf(item) + 1;
    announce(`${item.querySelector("label").textContent.trim()}: place ${place} of ${list.children.length}`);
  });
});
