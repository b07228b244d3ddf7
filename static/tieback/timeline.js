// Copies an id at a press; without this it is selected whole by a click and copied as any text.
"use strict";

const offerCopying = () => {
  if (!navigator.clipboard) return;
  document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = "Copied";
    document.getElementById("announcer").textContent = "Copied";
    window.setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }, () => { button.textContent = "Select it and copy"; });
});

document.addEventListener("htmx:afterSwap", offerCopying);
offerCopying();
