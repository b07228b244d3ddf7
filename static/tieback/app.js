// Everything here makes a page quicker to use; every page does its job without it.
"use strict";

const announce = (text) => {
  const region = document.getElementById("announcer");
  region.textContent = "";
  window.requestAnimationFrame(() => { region.textContent = text; });
};

// A blocked button: show everything that stands in its way, move there, say how many.
const explain = (button) => {
  const list = document.getElementById(button.dataset.blockers);
  const details = list.closest("details");
  if (details) details.open = true;
  list.focus();
  list.scrollIntoView({ block: "nearest" });
  announce(button.dataset.count);
};

document.addEventListener("click", (event) => {
  const hovered = event.target.closest("details.why[data-hover] > summary");
  if (hovered) { // it is open already: the click keeps it so
    event.preventDefault();
    delete hovered.parentElement.dataset.hover;
    return;
  }
  const blocked = event.target.closest("[data-blockers]");
  if (blocked) {
    event.preventDefault();
    explain(blocked);
    return;
  }
  document.querySelectorAll("details.why[open]").forEach((open) => {
    if (!open.contains(event.target)) open.open = false;
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.why[open]").forEach((open) => {
    open.open = false;
    open.querySelector("summary").focus();
  });
});

// The ? opens under a mouse, and closes when it leaves, unless it was opened by a click.
const hovers = window.matchMedia("(hover: hover)");
document.addEventListener("mouseover", (event) => {
  const summary = event.target.closest("details.why > summary");
  const over = event.target.closest(".action");
  document.querySelectorAll("details.why[data-hover]").forEach((why) => {
    if (!over || !over.contains(why)) { why.open = false; delete why.dataset.hover; }
  });
  if (summary && hovers.matches && !summary.parentElement.open) {
    summary.parentElement.open = true;
    summary.parentElement.dataset.hover = "yes";
  }
});

// One press, one request: a second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  if (event.submitter) event.submitter.classList.add("busy");
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
  });
});

// A line's amount follows quantity and unit cost while it is automatic; the server computes what is kept.
document.querySelectorAll("[data-automatic]").forEach((box) => {
  const amount = document.getElementById(box.dataset.automatic);
  const follow = () => { amount.readOnly = box.checked; };
  box.addEventListener("change", follow);
  follow();
});

// What a page fetched by itself is told once, and only when its words changed.
document.addEventListener("htmx:afterSwap", (event) => {
  const said = event.target.id && document.querySelector(`#${event.target.id} [data-announce]`);
  if (said) announce(said.textContent.trim());
});

// A remark's or rule's target inside the grid: the region scrolls, and the row is what the reader is told.
const target = window.location.hash && document.getElementById(window.location.hash.slice(1));
if (target && target.matches("tr")) target.scrollIntoView({ block: "center" });

// On a phone the links of a row are pushed sideways: the one that stands for this page is in sight.
document.querySelectorAll(".tabs [aria-current], .top nav [aria-current]").forEach((here) => {
  const row = here.closest("nav");
  row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
});
