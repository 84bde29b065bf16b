// Rows of containers, kept true: an update changes its row in place and nothing else.

import { el, pill, setText, toldPill } from "./dom.js";
import { live } from "./live.js";
import { ageElement, absolute, momentElement, serverNow } from "./time.js";

const STALE_MS = Number(document.documentElement.dataset.staleAfterS) * 1000;
const SOURCES = { event: "a Docker event", read: "a full read of the host", operation: "a read after an operation" };
const HEALTH = "its health check, in the same read as its state";
const ACTIVE = new Set(["queued", "running"]);
const rows = new Map();

for (const row of document.querySelectorAll("[data-live=containers] [data-id]")) rows.set(Number(row.dataset.id), row);

live.on("containers.update", (message) => {
  message.items.forEach(take);
  message.removed.forEach(remove);
  if (message.unknown_since !== undefined) freshness(message.host, message.unknown_since);
});
live.on("hosts.seen", (message) => ofHost(message.host).forEach((row) => seen(row, message.at)));
live.on("subscribed", (message) => {
  if (message.topic === "containers") snapshot(message);
});
live.on("operations.update", (message) => message.items.forEach(busy));
live.want("containers", () => ({ ids: [...rows.keys()] }));
setInterval(() => rows.forEach(turnStale), 1000);

const ofHost = (host) => [...rows.values()].filter((row) => row.dataset.host === String(host));
const cell = (row, name) => row.querySelector(`[data-cell="${name}"]`);

function snapshot(message) {
  message.items.forEach(take);
  const there = new Set(message.items.map((item) => item.id));
  for (const id of message.ids ?? []) if (!there.has(id)) remove(id);
}

function take(item) {
  const row = rows.get(item.id);
  if (!row) return stranger(item);
  if (item.version < Number(row.dataset.version) || row.classList.contains("gone")) return;
  const data = row.dataset;
  const differs = data.state !== item.state || Number(data.version) !== item.version;
  Object.assign(data, {
    version: item.version,
    state: item.state,
    lastState: item.last_state,
    exit: item.exit_code ?? "",
    seen: item.observed_at,
    source: item.source,
    known: item.unknown_since ? "no" : "yes",
  });
  describe(row, item);
  showState(row);
  if (differs) flash(row);
}

function describe(row, item) {
  setText(cell(row, "name"), item.name);
  setText(cell(row, "image"), item.image);
  cell(row, "health")?.replaceChildren(...(item.health && !item.unknown_since ? [toldPill(item.health, undefined, null, HEALTH)] : []));
  cell(row, "since")?.replaceChildren(ageElement(item.state_since));
  const ports = [...new Set(item.ports.map(portText))].map((text) => el("span", {}, text));
  fill(cell(row, "ports"), ports, cell(row, "ports")?.closest("td"));
  const restarts = item.restart_count ? `${item.restart_count}×` : "";
  const exit = item.exit_code && item.state !== "running" ? `exit ${item.exit_code}` : "";
  fill(cell(row, "restarts"), [restarts, exit].filter(Boolean).join(" "));
}

function fill(place, content, box = place) {
  if (!place) return;
  place.replaceChildren(...(Array.isArray(content) ? content : content ? [content] : []));
  box.classList.toggle("vacant", content.length === 0);
}

function portText(port) {
  const inner = `${port.private}${port.protocol === "tcp" ? "" : `/${port.protocol}`}`;
  if (!port.public) return inner;
  const outer = ["", "0.0.0.0", "::"].includes(port.address ?? "") ? "" : `${port.address}:`;
  return `${outer}${port.public}→${inner}`;
}

function showState(row) {
  const { state, lastState, exit, seen: at, source } = row.dataset;
  const made = pill(state);
  made.dataset.exit = ["exited", "dead"].includes(state) && exit && exit !== "0" ? "failed" : "";
  const age = el("span", { class: "age" });
  if (state === "unknown") {
    age.append("since ", momentElement(at, "short"));
    made.title = `Was ${lastState} when last seen, ${absolute(new Date(at))}`;
  } else {
    age.append(ageElement(at));
    made.title = `Seen by ${SOURCES[source] ?? source}`;
  }
  made.append(" ", age);
  cell(row, "state").replaceChildren(made);
  showButtons(row, state);
}

function showButtons(row, state) {
  const place = row.dataset.buttons ? document.querySelector(row.dataset.buttons) : row;
  for (const button of place.querySelectorAll("[data-when]")) {
    const states = button.dataset.when.split(" ").filter(Boolean);
    button.hidden = states.length > 0 && !states.includes(state);
  }
}

function freshness(host, unknownSince) {
  for (const row of ofHost(host)) {
    if (unknownSince) turnUnknown(row, unknownSince);
    else turnKnown(row);
  }
}

function turnUnknown(row, since) {
  if (row.dataset.state === "unknown") return;
  Object.assign(row.dataset, { state: "unknown", seen: since, known: "no" });
  cell(row, "health")?.replaceChildren();
  showState(row);
  flash(row);
}

function turnKnown(row) {
  if (row.dataset.state !== "unknown") return;
  Object.assign(row.dataset, { state: row.dataset.lastState, known: "yes" });
  showState(row);
  flash(row);
}

function seen(row, at) {
  row.dataset.seen = at;
  row.dataset.source = "read";
  if (row.dataset.state === "unknown") return turnKnown(row);
  const time = cell(row, "state").querySelector("time");
  if (time) time.dateTime = at;
}

// Nothing heard of its host for too long: what is shown is no longer known, connected or not.
function turnStale(row) {
  const { state, seen: at } = row.dataset;
  if (state !== "unknown" && !row.classList.contains("gone") && serverNow() - Date.parse(at) > STALE_MS) turnUnknown(row, at);
}

function remove(id) {
  const row = rows.get(id);
  if (!row || row.classList.contains("gone")) return;
  row.classList.add("gone");
  cell(row, "state").replaceChildren(pill("unknown", "removed"));
  cell(row, "health")?.replaceChildren();
  const place = row.dataset.buttons ? document.querySelector(row.dataset.buttons) : row;
  for (const button of place.querySelectorAll("[data-when], .menu")) button.hidden = true;
  const tick = row.querySelector("input[type=checkbox]");
  if (tick) {
    tick.checked = false;
    tick.disabled = true;
    tick.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

const strangers = new Set();

// A container this list lacks. Only a list that shows everything can tell that it is new.
function stranger(item) {
  const hint = document.getElementById("new-rows");
  if (!hint || hint.dataset.complete !== "yes") return;
  strangers.add(item.id);
  const number = strangers.size;
  setText(hint.querySelector("span"), `${number} new container${number === 1 ? "" : "s"}.`);
  hint.hidden = false;
}

function busy(item) {
  const row = item.target_type === "container" ? rows.get(item.target_id) : null;
  const place = row && cell(row, "busy");
  if (!place) return;
  const active = ACTIVE.has(item.status);
  const newest = Number(place.dataset.operation ?? 0);
  if (item.id < newest || (!active && item.id !== newest && newest)) return;
  place.hidden = !active;
  place.dataset.operation = active ? item.id : "";
  if (!active) return;
  const verb = item.kind.split(".")[1].replaceAll("-", " ");
  place.href = `${document.documentElement.dataset.root}provisioning/operation/${item.id}/change/`;
  const since = ageElement(item.started_at ?? item.created_at);
  place.replaceChildren(toldPill("working", item.percent ? `${verb} ${item.percent} %` : verb, since, "its operation"));
}

function flash(row) {
  row.classList.remove("flash");
  void row.offsetWidth; // starts the animation anew
  row.classList.add("flash");
  row.addEventListener("animationend", () => row.classList.remove("flash"), { once: true });
}
