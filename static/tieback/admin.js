// What makes the queue quicker; it works without.
"use strict";

// Selecting batches: all at once, and how many.
document.querySelectorAll("form[data-selects]").forEach((form) => {
  const boxes = [...form.querySelectorAll(".action-select")];
  const all = form.querySelector("#action-toggle");
  const words = form.querySelector("[data-selected]");
  const count = () => {
    const number = boxes.filter((box) => box.checked).length;
    if (words) words.textContent = number ? `${number} of ${boxes.length} selected` : words.dataset.none;
    if (all) {
      all.checked = number > 0 && number === boxes.length;
      all.indeterminate = number > 0 && number < boxes.length;
    }
  };
  if (all) all.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); count(); });
  form.addEventListener("change", count);
  count();
});

// Who takes a step: naming somebody is not "anybody", and "anybody" names nobody.
document.querySelectorAll("[data-names]").forEach((group) => {
  const people = [...group.querySelectorAll("[type=checkbox]")];
  group.addEventListener("change", ({ target }) => {
    if (target.type === "checkbox" && target.checked) group.querySelector("[value=named]").checked = true;
    if (target.value === "anybody" && target.checked) people.forEach((box) => { box.checked = false; });
  });
});

// New amounts of CMiC arrived: show them, unless somebody is typing; then the link waits.
document.body.addEventListener("htmx:afterSwap", () => {
  const anew = document.querySelector("#reading [data-reload]");
  if (!anew) return;
  const typed = [...document.querySelectorAll("#reject-form select, textarea")].some((field) => field.value.trim() !== "");
  if (!typed) window.location.assign(anew.href);
});
