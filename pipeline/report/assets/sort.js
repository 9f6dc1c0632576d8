"use strict";
// A button in each head of a sortable table; what it sorts by is in data-value, or the text.
const collator = new Intl.Collator("en", { numeric: true });
const valueOf = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
};
const sort = (table, head, column) => {
  const numeric = head.classList.contains("number");
  const before = head.getAttribute("aria-sort");
  const ascending = before ? before === "descending" : !numeric;
  const compare = numeric
    ? (a, b) => Number(valueOf(a, column)) - Number(valueOf(b, column))
    : (a, b) => collator.compare(valueOf(a, column), valueOf(b, column));
  const rows = [...table.tBodies[0].rows].sort((a, b) => (ascending ? compare(a, b) : compare(b, a)));
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  table.tBodies[0].append(...rows);
};
for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, head, column));
  });
}
// above a filtered table: a field, and a list of what stands in the column `data-choice`. Only the
// rows that hold all typed words and the chosen value are shown
const filter = (table, words, chosen) => {
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    const value = row.cells[table.dataset.choice].textContent;
    row.hidden = !words.every((word) => text.includes(word)) || (chosen !== "" && value !== chosen);
  }
};
const choice = (table) => {
  const list = document.createElement("select");
  const name = table.tHead.rows[0].cells[table.dataset.choice].textContent;
  list.setAttribute("aria-label", name);
  const cells = [...table.tBodies[0].rows].map((row) => row.cells[table.dataset.choice]);
  list.append(new Option(`${name}: all`, ""));
  for (const value of new Set(cells.map((cell) => cell.textContent))) list.append(new Option(value));
  return list;
};
for (const table of document.querySelectorAll("table.filtered")) {
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = table.dataset.filter;
  field.setAttribute("aria-label", table.dataset.filter);
  const list = choice(table);
  const apply = () => filter(table, field.value.toLowerCase().split(/\s+/), list.value);
  field.addEventListener("input", apply);
  list.addEventListener("input", apply);
  table.parentNode.before(list, field);
}
// a link to a finding or to a paper opens it
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  target.hidden = false;
  const details = target instanceof HTMLDetailsElement ? target : target.querySelector("details");
  if (details) details.open = true;
};
addEventListener("hashchange", reveal);
reveal();
