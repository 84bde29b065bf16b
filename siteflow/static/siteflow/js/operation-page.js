// The page of one operation: its steps and output as they happen, and how it ended.

import { el, icon, setText } from "./dom.js";
import { live } from "./live.js";
import { ageElement, momentElement, operationPill, took } from "./time.js";

const ACTIVE = new Set(["queued", "running"]);
const KINDS = { succeeded: "good", failed: "bad", undone: "bad", cancelled: "warning" };
const page = document.getElementById("op");
const id = Number(page.dataset.operation);
const box = document.getElementById("op-output");
let version = Number(page.dataset.version);
let last = Number(box.querySelector("li:last-child")?.dataset.number ?? 0);

live.on("operations.update", (message) => message.items.forEach(take));
live.on("subscribed", (message) => {
  if (message.topic !== `operation.${id}`) return;
  message.items.forEach(take);
  message.lines.forEach((line) => add(line.number, line.stream, line.text));
});
live.on("action.output", (message) => {
  if (message.operation !== id) return;
  if (message.stream !== "status") add(message.line, message.stream, message.text);
  const bar = document.getElementById("op-progress");
  if (message.percent > bar.value) bar.value = message.percent;
});
live.want(`operation.${id}`, () => ({ after: last }));

function take(item) {
  if (item.id !== id || item.version < version) return;
  version = item.version;
  document.getElementById("op-status").replaceChildren(operationPill(item));
  const bar = document.getElementById("op-progress");
  bar.value = item.percent;
  bar.dataset.state = item.status;
  say(item);
  tellTimes(item);
  if (item.steps) document.getElementById("op-steps").replaceChildren(...item.steps.map(stepLine));
  const mayAct = page.dataset.mayAct === "yes";
  const active = ACTIVE.has(item.status);
  document.getElementById("op-cancel").hidden = !mayAct || !active || Boolean(item.cancel_requested_at);
  if (active) document.getElementById("op-retry").hidden = true;
  else if (mayAct && page.dataset.repeatable === "yes") document.getElementById("op-retry").hidden = false;
}

function tellTimes(item) {
  const times = { "op-started": item.started_at, "op-ended": item.finished_at };
  for (const [name, at] of Object.entries(times)) {
    if (at) document.getElementById(name).replaceChildren(momentElement(at));
  }
  if (item.finished_at) setText(document.getElementById("op-took"), took(item.duration_ms));
}

function say(item) {
  const note = document.getElementById("op-note");
  const kind = KINDS[item.status] ?? "info";
  note.className = `note ${kind}`;
  note.querySelector("svg").replaceWith(icon(kind === "info" ? "waiting" : kind));
  setText(document.getElementById("op-message"), sentence(item));
  setText(document.getElementById("op-advice"), item.advice);
}

function sentence(item) {
  if (!ACTIVE.has(item.status)) return item.message;
  if (item.cancel_requested_at) return "Cancelling: it ends at its next step.";
  return item.status === "queued" ? "Waiting for a worker." : `${item.step || "Starting"} …`;
}

function stepLine(step) {
  const time = step.finished_at
    ? took(Date.parse(step.finished_at) - Date.parse(step.started_at))
    : ageElement(step.started_at);
  const attempt = step.attempt > 1 ? el("span", { class: "faint small" }, ` attempt ${step.attempt}`) : null;
  return el(
    "li",
    {},
    operationPill(step),
    el("span", {}, step.name, attempt),
    el("span", { class: "took" }, time),
    step.error ? el("span", { class: "detail" }, step.error) : null,
  );
}

function add(number, stream, text) {
  if (number <= last) return;
  last = number;
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  box.querySelector("ol").append(el("li", { "data-number": number, "data-stream": stream }, text));
  if (atEnd) box.scrollTop = box.scrollHeight; // who scrolled up is reading
  setText(document.getElementById("op-lines"), String(last));
}
