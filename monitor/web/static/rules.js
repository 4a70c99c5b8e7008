// Buttons that copy the YAML of a rule; they are hidden where there is no script.
"use strict";

function showButtons(inside) {
  for (const button of inside.querySelectorAll("[data-copy]")) button.hidden = false;
}

async function copyText(element) {
  // Only secure pages have a clipboard: this machine's and those with https.
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
  const chosen = document.createRange();
  chosen.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(chosen);
  document.execCommand("copy");
}

showButtons(document);
document.addEventListener("htmx:afterSwap", (event) => showButtons(event.target));
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copyText(document.getElementById(button.dataset.copy));
  button.textContent = button.dataset.copied;
});
