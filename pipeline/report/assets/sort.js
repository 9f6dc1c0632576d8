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
// a link to a finding opens it
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
};
addEventListener("hashchange", reveal);
reveal();
