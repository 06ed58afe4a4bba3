// The keyboard of every page: "/" search, j and k through rows, Enter opens, x ticks, g + letter goes, ? shows all.
// A row is an element with data-row; Enter follows its first link, x presses its first checkbox or its data-tick button.

const dialog = document.getElementById("shortcuts");
const said = document.getElementById("said");
let going = false;
let saying;

/** Say something in passing, also to a screen reader. */
export function say(words) {
  clearTimeout(saying);
  said.textContent = words;
  saying = setTimeout(() => { said.textContent = ""; }, 2500);
}

/** Copy text; where the browser forbids it, the text is selected for Ctrl+C. */
export async function copy(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch {
    field?.select();
    say("Press Ctrl+C to copy");
  }
}

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());

function stand(next) {
  rows().forEach((row) => row.classList.toggle("at", row === next));
  (next.querySelector("a[href]") ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("at"));
  stand(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))]);
}

function tick() {
  const row = document.querySelector("[data-row].at");
  row?.querySelector("[data-tick], input[type=checkbox]")?.click();
}

function go(key) {
  document.querySelector(`.side nav a[data-key="${CSS.escape(key)}"]`)?.click();
}

const writing = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  if (writing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (going) {
    going = false;
    go(event.key);
    return;
  }
  const actions = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
    "?": () => dialog.showModal(),
  };
  if (Object.hasOwn(actions, event.key)) {
    event.preventDefault();
    actions[event.key]();
  }
});

const arrived = document.getElementById(location.hash.slice(1));
if (arrived?.hasAttribute("data-row")) stand(arrived);

for (const button of document.querySelectorAll("[data-opens]")) {
  button.hidden = false;
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  const field = document.getElementById(button.dataset.copy);
  button.addEventListener("click", () => copy(field.value ?? field.textContent, field));
}

// One open menu at a time; Escape and a click beside it close it.
const menus = document.querySelectorAll("details.menu");
const closeMenus = (but) => menus.forEach((menu) => { if (menu !== but) menu.open = false; });
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  closeMenus();
  open?.querySelector("summary").focus();
});
