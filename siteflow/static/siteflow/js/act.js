// Buttons that start an operation: posted by script, so that the page stays where it is.

import { follow } from "./drawer.js";
import { start } from "./start.js";

export function takeOverActions() {
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.matches("[data-act]")) return;
    event.preventDefault();
    button.closest("details.menu")?.removeAttribute("open");
    send(button);
  });
}

async function send(button) {
  const body = new FormData(button.form, button);
  button.disabled = true;
  try {
    const operation = await start(button.formAction, body);
    if (operation) follow(operation);
  } finally {
    button.disabled = false;
  }
}
