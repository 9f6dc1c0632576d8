// What Datasette's pages lack for a screen reader and a keyboard. Each fault is one of axe-core's rules.
"use strict";

const NAMES = { _filter_column: "column", _filter_op: "comparison", _filter_value: "value", _sort: "sort by" };

function mend() {
  document.documentElement.lang = "en";
  document.querySelector("section.content")?.setAttribute("role", "main");
  for (const field of document.querySelectorAll("select, input[type=text]")) {
    const name = NAMES[field.name.replace(/_\d+$/, "")];
    if (name) field.setAttribute("aria-label", name);
  }
  for (const heading of document.querySelectorAll("h3")) heading.setAttribute("aria-level", "2");
  // what scrolls can be reached by the tab key
  for (const wide of document.querySelectorAll(".table-wrapper, pre")) wide.tabIndex = 0;
  document.querySelector(".CodeMirror textarea")?.setAttribute("aria-label", "SQL");
}

// a table of many columns has its rows below the fold: the meanings open on demand
function fold() {
  const meanings = document.querySelector("dl.column-descriptions");
  if (!meanings) return;
  const details = document.createElement("details");
  details.innerHTML = "<summary>What the columns mean</summary>";
  meanings.before(details);
  details.append(meanings);
}

addEventListener("DOMContentLoaded", () => {
  mend();
  fold();
});
// the editor is made when all is loaded
addEventListener("load", () => setTimeout(mend));
