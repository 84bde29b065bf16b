// The page of a log: one container's, or those of a site as one.

import { el, setText } from "./dom.js";
import { LogSocket } from "./log-socket.js";
import { LogView, note } from "./log-view.js";

const PAGE = 2000; // lines of what was skipped, at once

const card = document.querySelector("[data-logs]");
const form = card.querySelector("form");
const state = card.querySelector("[data-logs-state]");
const pause = card.querySelector("[data-logs-pause]");
const news = card.querySelector("[data-logs-new]");
const single = Number(card.dataset.container) || 0;
let lostAt = null;

const view = new LogView(card.querySelector(".output"), { onWaiting: waiting });
const socket = new LogSocket(card.dataset.logs, {
  single,
  options: () => ({ ...filters(), tail: card.dataset.tail }),
  told,
});

function filters() {
  const given = new FormData(form);
  return { search: given.get("search") ?? "", level: given.get("level") ?? "", stream: given.get("stream") ?? "" };
}

const TOLD = {
  begin: ({ containers }) => containers.forEach(({ id, name }) => view.names.set(id, name)),
  joined: ({ container }) => {
    view.names.set(container.id, container.name);
    view.add(note(`${container.name} has come.`));
  },
  lines: ({ lines, container }) => {
    for (const [at, nth, , , , of] of lines) socket.cursors.set(of ?? container, nth ? `${at}~${nth}` : at);
    view.add(...lines);
  },
  live: () => {
    lostAt = null;
    say("Live");
  },
  reading: () => say("Live"),
  trouble: ({ message, advice }) => say(`Not read now: ${message} ${advice ?? ""}`),
  stopped: ({ container, state, exit_code }) =>
    view.add(note(`${name(container)} is ${state}${exit_code === null ? "" : ` with code ${exit_code}`}; what it says when it runs again follows.`)),
  started: ({ container }) => view.add(note(`${name(container)} runs again.`)),
  gone: ({ container }) => view.add(note(`${name(container)} was removed.`)),
  left: ({ container }) => view.add(note(`${name(container)} may no longer be seen.`)),
  gap: () => view.add(note("Some lines may be missing here: the log was cut off on its host.")),
  skipped: (message) => view.add(skipped(message)),
  filtered: () => view.clear(),
  lost: () => {
    lostAt ??= new Date();
    say(`Connection lost at ${lostAt.toLocaleTimeString()}; it goes on where it was`);
  },
  error: ({ message, fatal }) => fatal && say(message),
};

function told(message) {
  TOLD[message.type]?.(message);
}

function say(words) {
  setText(state, words);
}

const name = (container) => view.names.get(container) ?? "It";

// What went by too fast can be had all the same.
function skipped({ lines, from, to, container }) {
  const load = el("button", { type: "button", class: "button small" }, "Load");
  const item = note(`${lines} lines skipped.`, load);
  let after = from;
  load.addEventListener("click", async () => {
    load.disabled = true;
    const query = new URLSearchParams({ ...filters(), tail: PAGE, until: to, ...(after ? { after } : {}) });
    const answer = await fetch(`/api/containers/${container}/logs?${query}`, { headers: { Accept: "application/json" } });
    const read = await answer.json();
    load.disabled = false;
    if (!answer.ok) return say(read.error?.message ?? "The skipped lines cannot be read.");
    const rows = read.items.map(({ at, stream, text, level }) => view.line([at, 0, stream, text, level, container]));
    item.before(...rows);
    after = read.last;
    if (!read.more) item.remove();
    else item.querySelector(".said").firstChild.textContent = "More lines were skipped.";
  });
  return item;
}

function waiting(count) {
  news.hidden = count === 0;
  setText(news.querySelector("span"), `${count} new ${count === 1 ? "line" : "lines"}`);
  pause.setAttribute("aria-pressed", String(view.paused));
}

let timer = null;
function refine() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    view.search = filters().search;
    download();
    socket.filter({ ...filters(), tail: Number(card.dataset.tail) });
  }, 300);
}

function download() {
  for (const link of card.querySelectorAll("a[data-logs-file]")) {
    link.href = `${link.dataset.logsFile}?${new URLSearchParams({ format: "text", tail: 10_000, timestamps: "true", ...filters() })}`;
  }
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => event.target.matches("[data-refines]") && refine());
card.querySelector("[data-logs-wrap]").addEventListener("change", (event) => card.classList.toggle("unwrapped", !event.target.checked));
card.querySelector("[data-logs-times]").addEventListener("change", (event) => card.classList.toggle("timeless", !event.target.checked));
pause.addEventListener("click", () => view.pause(!view.paused));
news.addEventListener("click", () => view.toEnd());
