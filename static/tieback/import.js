// A file may be dropped on the form; everything else here works without it.
"use strict";

document.querySelectorAll("form[data-drop]").forEach((form) => {
  const input = document.getElementById(form.dataset.drop);
  const area = input.closest(".drop");
  form.querySelector("[data-drop-hint]").hidden = false;
  const over = (event, on) => { event.preventDefault(); area.classList.toggle("over", on); };
  form.addEventListener("dragover", (event) => over(event, true));
  form.addEventListener("dragleave", (event) => over(event, false));
  form.addEventListener("drop", (event) => {
    over(event, false);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.focus();
  });
});
