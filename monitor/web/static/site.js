// Keys of the reader: j and k go from entry to entry, Enter opens one, and elements name their own
// key in data-key. Nothing here is needed to read the site.
"use strict";

function isTyping(element) {
  return element.closest("input, select, textarea, [contenteditable]") !== null;
}

function step(by) {
  const entries = [...document.querySelectorAll("[data-entry]")];
  const at = entries.indexOf(document.activeElement.closest("[data-entry]"));
  const next = entries[Math.min(entries.length - 1, Math.max(0, at + by))];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "Enter" && event.target.matches("[data-entry]")) {
    event.target.querySelector("a").click();
  } else {
    const named = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!named) return;
    if (named.matches("input, select, textarea")) named.focus();
    else named.click();
  }
  event.preventDefault();
});
