// Buttons that start an operation: posted by script, so that the page stays where it is.

import { csrfToken, root } from "./dom.js";
import { follow } from "./drawer.js";
import { toast } from "./toast.js";

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
    await start(button.formAction, body);
  } finally {
    button.disabled = false;
  }
}

export async function start(url, body = new FormData()) {
  body.set("csrfmiddlewaretoken", csrfToken());
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    return toast("bad", "SiteFlow cannot be reached; nothing was started.");
  }
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  if (answer.redirected && !isJson) {
    return toast("bad", "Your session has ended.", { text: "Log in", url: root() });
  }
  const told = isJson ? await answer.json() : {};
  if (answer.ok) return follow(told);
  const holder = told.error?.details?.operation;
  toast(
    "bad",
    told.error?.message ?? `It was not started (${answer.status}).`,
    holder && { text: `Watch operation ${holder}`, url: `${root()}provisioning/operation/${holder}/change/` },
  );
}
