// The end of a container's log, asked of its host when the tab is opened.

import { el, setText } from "./dom.js";

const card = document.querySelector("[data-logs]");
const list = card.querySelector("ol");
const state = card.querySelector("[data-logs-state]");
const again = card.querySelector("[data-logs-reload]");

async function read() {
  again.disabled = true;
  setText(state, "Asking the host …");
  try {
    const answer = await fetch(`${card.dataset.logs}?tail=200`, { headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (answer.ok) show(told.lines);
    else fail(told.error?.message ?? `error ${answer.status}`, told.error?.details?.advice);
  } catch {
    fail("SiteFlow cannot be reached.");
  } finally {
    again.disabled = false;
  }
}

function show(lines) {
  list.replaceChildren(...lines.map((text, index) => el("li", { "data-number": index + 1 }, text)));
  setText(state, lines.length ? `The last ${lines.length} lines` : "The log is empty");
  const box = list.parentElement;
  box.scrollTop = box.scrollHeight;
}

function fail(message, advice) {
  setText(state, "Not read");
  list.replaceChildren(el("li", { "data-stream": "stderr" }, [message, advice].filter(Boolean).join(" ")));
}

again.hidden = false;
again.addEventListener("click", read);
read();
