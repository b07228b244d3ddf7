// A cell that takes a code offers those that match what is typed: a combobox with a list of its own.
"use strict";

(() => {
  const PAUSE = 120; // milliseconds without a key until the list is asked for
  let number = 0;

  const offer = (input, field, box) => {
    const list = document.createElement("ul");
    number += 1;
    list.id = `choices-${number}`;
    list.className = "choices";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Matching codes");
    list.hidden = true;
    box.append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    input.choices = { list, field, asked: 0, timer: 0 };
    input.addEventListener("input", () => search(input));
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the cell
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) pick(input, option);
    });
  };

  const search = (input) => {
    if (!input.choices) return;
    window.clearTimeout(input.choices.timer);
    input.choices.timer = window.setTimeout(() => look(input), PAUSE);
  };

  const look = async (input) => {
    const { choices } = input;
    choices.asked += 1;
    const mine = choices.asked;
    const query = new URLSearchParams({ field: choices.field, search: input.value });
    const answer = await sheet.ask(`${sheet.settings().choices}?${query}`);
    if (mine !== choices.asked || !input.isConnected || input.readOnly || document.activeElement !== input) return;
    const options = answer.kind === "choices" ? [...answer.found.children] : [];
    options.forEach((option, place) => { if (option.id) option.id = `${choices.list.id}-${place}`; });
    choices.list.replaceChildren(...options);
    show(input, options.length > 0);
    const found = options.filter((option) => option.dataset.code).length;
    announce(found ? `${found} ${found === 1 ? "code matches" : "codes match"}, arrow down to choose` : "No code matches");
  };

  const show = (input, on) => {
    input.choices.list.hidden = !on;
    if (on) sheet.float(input.choices.list, input);
    else sheet.sink(input.choices.list);
    input.setAttribute("aria-expanded", String(on));
    if (!on) mark(input, null);
  };

  const mark = (input, option) => {
    input.choices.list.querySelectorAll("[aria-selected=true]").forEach((one) => one.setAttribute("aria-selected", "false"));
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };

  const marked = (input) => input.choices.list.querySelector("[aria-selected=true]");

  const pick = (input, option) => {
    input.value = option.dataset.code;
    show(input, false);
    input.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
  };

  // Arrows in the list; true where the key was for it.
  const keys = (input, event) => {
    if (!input.choices) return false;
    const { list } = input.choices;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) look(input);
      else {
        const options = [...list.querySelectorAll("[role=option]")];
        const at = options.indexOf(marked(input)) + (event.key === "ArrowDown" ? 1 : -1);
        mark(input, options[(at + options.length) % options.length]);
      }
      return true;
    }
    if (event.key === "Escape" && !list.hidden) {
      show(input, false);
      return true;
    }
    return false;
  };

  // What an input means when it is left: the choice that is marked, else the text.
  const settled = (input) => {
    if (!input.choices) return input.value;
    const option = marked(input);
    window.clearTimeout(input.choices.timer);
    input.choices.asked += 1; // what still comes is too late
    if (option) input.value = option.dataset.code;
    show(input, false);
    return input.value;
  };

  Object.assign(sheet, { offer, search, settled, choiceKeys: keys });
})();
