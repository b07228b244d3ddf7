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
  const adder = event.target.closest("[data-add-row]");
  if (adder) {
    event.preventDefault();
    addRow(adder);
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

// Amounts in whole cents, as BigInt: a balance must not be off by a floating point. Null: not an amount (yet).
const cents = (text) => {
  let word = text.trim().replace(/[\s,$]/g, "").replace("\u2212", "-");
  const inParentheses = /^\((.*)\)$/.exec(word);
  if (inParentheses) word = "-" + inParentheses[1];
  if (word === "") return 0n;
  const found = /^([+-]?)(\d*)(?:\.(\d{0,2}))?$/.exec(word);
  if (!found || (!found[2] && !found[3])) return null;
  const number = BigInt(found[2] || "0") * 100n + BigInt((found[3] || "").padEnd(2, "0"));
  return found[1] === "-" ? -number : number;
};

const money = (number) => {
  const size = number < 0n ? -number : number;
  const whole = (size / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const text = `${whole}.${(size % 100n).toString().padStart(2, "0")}`;
  return number < 0n ? `(${text})` : text;
};

const balance = (form) => {
  const sums = { up: 0n, down: 0n };
  let odd = false;
  form.querySelectorAll("[data-amount]").forEach((input) => {
    const value = cents(input.value);
    if (value === null) odd = true;
    else if (value > 0n) sums.up += value;
    else sums.down += value;
  });
  const net = sums.up + sums.down;
  form.querySelector("[data-up]").textContent = money(sums.up);
  form.querySelector("[data-down]").textContent = money(sums.down);
  form.querySelector("[data-net]").textContent = money(net);
  const words = form.querySelector("[data-verdict]");
  const empty = sums.up === 0n && sums.down === 0n;
  const verdict = odd ? "odd" : empty ? "empty" : net === 0n ? "even" : "uneven";
  if (words.dataset.said !== verdict) words.textContent = words.dataset[verdict];
  words.dataset.said = verdict;
  words.className = `mark ${odd || (net !== 0n && words.dataset.must) ? "warn" : empty ? "" : "good"}`;
};

const addRow = (button) => {
  const body = document.getElementById(button.dataset.addRow);
  const row = body.rows[body.rows.length - 1].cloneNode(true);
  const number = body.rows.length;
  row.querySelectorAll("[id]").forEach((field) => { field.id = field.id.replace(/\d+$/, number); });
  row.querySelectorAll("[for]").forEach((label) => { label.htmlFor = label.htmlFor.replace(/\d+$/, number); });
  row.querySelectorAll("select, input").forEach((field) => { field.value = ""; field.removeAttribute("aria-invalid"); });
  row.querySelectorAll("[data-row-number]").forEach((word) => { word.textContent = number + 1; });
  row.querySelectorAll(".error").forEach((error) => error.remove());
  body.append(row);
  row.querySelector("select, input").focus();
};

document.querySelectorAll("form[data-balance]").forEach((form) => {
  form.querySelector("[data-live]").hidden = false;
  form.addEventListener("input", () => balance(form));
  balance(form);
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
  const said = document.querySelector(`#${event.target.id} [data-announce]`);
  if (said) announce(said.textContent.trim());
});

// A remark's or rule's target inside the grid: the region scrolls, and the row is what the reader is told.
const target = window.location.hash && document.getElementById(window.location.hash.slice(1));
if (target && target.matches("tr")) target.scrollIntoView({ block: "center" });
