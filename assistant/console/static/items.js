// Values of the attribute that a condition names, to choose from; fetched once a name. A pin leads back to its row.

const pins = document.getElementById("pins");
pins?.addEventListener("submit", (event) => {
  const row = event.submitter?.closest("[data-row]");
  if (row) pins.elements.back.value += `#${row.id}`;
});

const values = new Map();

async function propose(line) {
  const name = line.querySelector("[name=attribute]").value.trim();
  const field = line.querySelector("[name=value]");
  if (!name) return;
  if (!values.has(name)) {
    const address = new URL("items/values", new URL(".", line.closest("form").action));
    address.searchParams.set("attribute", name);
    const answer = await fetch(address);
    values.set(name, answer.ok ? await answer.json() : []);
  }
  const list = document.createElement("datalist");
  list.id = `values-${[...document.querySelectorAll(".condition")].indexOf(line)}`;
  list.append(...values.get(name).map((value) => Object.assign(document.createElement("option"), { value })));
  document.getElementById(list.id)?.remove();
  line.append(list);
  field.setAttribute("list", list.id);
}

for (const line of document.querySelectorAll(".condition")) {
  line.querySelector("[name=value]").addEventListener("focus", () => propose(line));
}
