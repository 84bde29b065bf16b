// The operations you started, at the foot of every page: they survive going to another one.

import { el, root } from "./dom.js";
import { live } from "./live.js";
import { start } from "./start.js";
import { operationPill } from "./time.js";

const KEY = "siteflow.operations";
const MAX_SHOWN = 5;
const TAIL = 3; // lines of output
const KEPT_MS = 60_000; // an ended one goes when you leave the page after this
const ACTIVE = new Set(["queued", "running"]);

let entries = load();
let box;

export function showDrawer() {
  box = document.getElementById("drawer");
  if (!box) return;
  box.querySelector("[data-drawer-close]").addEventListener("click", closeAll);
  live.on("operations.update", (message) => message.items.forEach(update));
  live.on("subscribed", (message) => message.topic.startsWith("operation") && snapshot(message));
  live.on("action.output", output);
  entries.forEach(watch);
  show();
}

export function follow(operation) {
  entries = [entryOf(operation), ...entries.filter((entry) => entry.id !== operation.id)].slice(0, MAX_SHOWN);
  watch(entries[0]);
  show();
}

function entryOf(operation) {
  const { id, label, target_type, target_id, kind } = operation;
  return { id, label, target_type, target_id, kind, ...movingPart(operation), lines: [], last: 0 };
}

function movingPart(item) {
  const { status, percent, step, message, advice, version, created_at, started_at, finished_at } = item;
  return { status, percent, step, message, advice, version, created_at, started_at, finished_at };
}

function watch(entry) {
  if (ACTIVE.has(entry.status)) live.want(`operation.${entry.id}`, () => ({ after: entry.last }));
}

function snapshot(message) {
  message.items.forEach(update);
  const entry = entries.find((each) => message.topic === `operation.${each.id}`);
  for (const line of (entry && message.lines) ?? []) addLine(entry, line.number, line.text);
  show();
}

function update(item) {
  const entry = entries.find((each) => each.id === item.id);
  if (!entry || item.version < entry.version) return;
  Object.assign(entry, movingPart(item));
  if (!ACTIVE.has(item.status)) {
    entry.endedAt ??= Date.now();
    live.unwant(`operation.${entry.id}`);
  }
  show();
}

function output(message) {
  const entry = entries.find((each) => each.id === message.operation);
  if (!entry || message.stream === "status") return;
  addLine(entry, message.line, message.text);
  entry.percent = Math.max(entry.percent, message.percent);
  show();
}

function addLine(entry, number, text) {
  if (number <= entry.last) return;
  entry.last = number;
  entry.lines = [...entry.lines, text.slice(0, 300)].slice(-TAIL);
}

function closeAll() {
  entries.forEach((entry) => live.unwant(`operation.${entry.id}`));
  entries = [];
  show();
}

function load() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
    return kept.filter((entry) => !entry.endedAt || Date.now() - entry.endedAt < KEPT_MS);
  } catch {
    return [];
  }
}

function show() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // no storage: the drawer lives as long as this page
  }
  if (!box) return;
  box.hidden = entries.length === 0;
  box.querySelector("ol").replaceChildren(...entries.map(line));
}

function line(entry) {
  const active = ACTIVE.has(entry.status);
  const said = active ? entry.step || (entry.status === "queued" ? "Waiting for a worker" : "Starting") : entry.message;
  return el(
    "li",
    { "data-operation": entry.id, "data-status": entry.status },
    el("div", { class: "head" }, el("a", { href: address(entry) }, entry.label), operationPill(entry)),
    el("progress", { max: 100, value: entry.percent, "data-state": entry.status, "aria-label": `${entry.label}, percent` }),
    el("p", { class: "said" }, said, entry.advice && !active ? ` ${entry.advice}` : ""),
    active && entry.lines.length ? el("pre", { class: "tail" }, entry.lines.join("\n")) : null,
    active ? null : next(entry),
  );
}

function next(entry) {
  const links = el("div", { class: "next" }, el("a", { href: address(entry) }, "Steps and output"));
  const gone = entry.status === "succeeded" && entry.kind.endsWith(".remove");
  if (entry.target_id && !gone) {
    const url = `${root()}sites/${entry.target_type}/${entry.target_id}/change/`;
    links.append(el("a", { href: url }, `Open ${entry.target_type}`));
  }
  if (entry.status === "failed" || entry.status === "undone") {
    const again = el("a", { href: address(entry) }, "Do it again");
    again.addEventListener("click", async (event) => {
      event.preventDefault();
      const operation = await start(`${root()}provisioning/operation/${entry.id}/retry/`);
      if (operation) follow(operation);
    });
    links.append(again);
  }
  return links;
}

const address = (entry) => `${root()}provisioning/operation/${entry.id}/change/`;
