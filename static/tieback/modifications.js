// Makes the form of a modification quicker: sums and warnings as one types, keys, and parts that change in place.
// Without it every button of the form is a plain submit that the server answers.
"use strict";

(() => {
  const form = document.getElementById("modification");

  // Amounts in whole cents, as BigInt: a balance must not be off by a floating point. Null: not an amount (yet).
  const cents = (text) => {
    let word = text.trim().replace(/[\s,$]/g, "").replace("−", "-");
    const inParentheses = /^\((.*)\)$/.exec(word);
    if (inParentheses) word = "-" + inParentheses[1];
    if (word === "") return 0n;
    const found = /^([+-]?)(\d*)(?:\.(\d{0,2}))?$/.exec(word);
    if (!found || (!found[2] && !found[3])) return null;
    const number = BigInt(found[2] || "0") * 100n + BigInt((found[3] || "").padEnd(2, "0"));
    return found[1] === "-" ? -number : number;
  };

  const plain = (number) => {
    const size = number < 0n ? -number : number;
    return `${number < 0n ? "-" : ""}${size / 100n}.${(size % 100n).toString().padStart(2, "0")}`;
  };

  const money = (number) => {
    const size = number < 0n ? -number : number;
    const whole = (size / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    const text = `${whole}.${(size % 100n).toString().padStart(2, "0")}`;
    return number < 0n ? `(${text})` : text;
  };

  const inputs = () => [...form.querySelectorAll("[data-amount]")];

  const showRow = (input, value) => {
    const row = input.closest("[data-row]");
    const after = row.querySelector("[data-after]");
    const warning = row.querySelector("[data-warning]");
    if (value === null) { after.textContent = "–"; warning.hidden = true; return; }
    const sum = cents(row.dataset.before) + value;
    const number = document.createElement("span");
    number.className = `number${sum < 0n ? " negative" : ""}`;
    number.textContent = money(sum);
    after.replaceChildren(number);
    const found = [];
    if (value < 0n && sum < 0n) found.push("goes below zero");
    const cost = cents(row.dataset.cost || "");
    if (value < 0n && cost !== 0n && (sum < 0n ? 0n : sum) < cost) {
      found.push(`falls below the cost so far, ${money(cost)}`);
    }
    warning.textContent = found.join(", ");
    warning.hidden = !found.length;
  };

  const balance = () => {
    const words = form.querySelector("[data-verdict]");
    if (!words) return;
    const sums = { up: 0n, down: 0n };
    let odd = false;
    inputs().forEach((input) => {
      const value = cents(input.value);
      if (value === null) odd = true;
      else if (value > 0n) sums.up += value;
      else sums.down += value;
      showRow(input, value);
    });
    const net = sums.up + sums.down;
    form.querySelector("[data-up]").textContent = money(sums.up);
    form.querySelector("[data-down]").textContent = money(sums.down);
    form.querySelector("[data-net]").textContent = money(net);
    const empty = sums.up === 0n && sums.down === 0n;
    const verdict = odd ? "odd" : empty ? "empty" : net === 0n ? "even" : "uneven";
    if (words.dataset.said !== verdict) words.textContent = words.dataset[verdict];
    words.dataset.said = verdict;
    words.className = `mark ${odd || (net !== 0n && words.dataset.must) ? "warn" : empty ? "" : "good"}`;
  };

  // One line gives or takes what the others leave.
  const take = (input) => {
    let others = 0n;
    inputs().forEach((other) => { if (other !== input) others += cents(other.value) || 0n; });
    input.value = others === 0n ? "" : plain(-others);
    balance();
    input.focus();
    input.select();
  };

  const step = (input, by) => {
    const all = inputs();
    const next = all[all.indexOf(input) + by];
    if (next) { next.focus(); next.select(); } else if (by > 0) document.getElementById("id_q").focus();
  };

  form.addEventListener("input", balance);

  form.addEventListener("click", (event) => {
    const taker = event.target.closest("[data-take]");
    if (!taker) return;
    event.preventDefault();
    take(taker.closest("[data-row]").querySelector("[data-amount]"));
  });

  form.addEventListener("keydown", (event) => {
    if (event.target.matches("[data-amount]")) {
      if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); step(event.target, 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); step(event.target, -1); }
      if (event.key === "=") { event.preventDefault(); take(event.target); }
    } else if (event.key === "Enter" && event.target.id === "id_q") {
      event.preventDefault();
      form.querySelector("[data-find]").click();
    } else if (event.key === "Enter" && event.target.matches("[name=pick]")) {
      event.preventDefault();
      form.querySelector("button[value=add]").click();
    } else if (event.key === "Enter" && event.target.matches("input") && !event.target.matches("[type=checkbox]")) {
      event.preventDefault(); // nothing is saved or sent by accident
    }
  });

  const begin = () => {
    form.querySelectorAll("[data-keys]").forEach((hint) => { hint.hidden = false; });
    balance();
  };
  document.addEventListener("htmx:afterSwap", begin);
  begin();
})();
