// Parts of a page that the server draws better than a script could: after a change they are fetched
// again and only what differs is touched, so focus, open menus and the place in the page stay.

import { live } from "./live.js";
import { serverNow, tellAll } from "./time.js";

const PAUSE_MS = 250; // several changes in one go
const STALE_MS = Number(document.documentElement.dataset.staleAfterS) * 1000;
const KIND_OF = { hosts: "host", containers: "container", operations: "operation", alerts: "alert", events: "event" };
const REST_MS = 1000; // at most one fetch a second, and at most a tenth of the time

let due = false; // something has changed that is not shown yet
let timer = null;
let reading = false;
let restUntil = 0;
const told = new WeakMap(); // which stale times were fetched once already

export function refreshParts() {
  if (!document.querySelector("[data-refresh]")) return;
  const ids = (message) => [...message.items.map((item) => item.id), ...(message.removed ?? [])];
  live.on("containers.update", (message) => changed("container", ids(message), message.unknown_since !== undefined));
  live.on("hosts.update", (message) => changed("host", ids(message)));
  live.on("operations.update", (message) => changed("operation", ids(message)));
  live.on("alerts.update", (message) => changed("alert", ids(message)));
  live.on("events.update", () => changed("event", [], true));
  live.on("hosts.seen", seen);
  live.on("reconnected", () => soon());
  // Of what changed between the drawing of the page and this moment, nobody here was told.
  live.on("subscribed", (message) => wants(KIND_OF[message.topic.split(".")[0]]) && soon());
  for (const part of document.querySelectorAll("[data-hears]")) live.hear(part.dataset.hears);
  if (wants("alert")) live.hear("alerts");
  if (wants("container")) live.hear("containers");
  if (wants("host") || wants("container")) live.hear("hosts");
  document.addEventListener("visibilitychange", plan);
  setInterval(lookForStale, 5000);
  // What no message tells of, such as a test on its way: asked for as long as the part says so.
  setInterval(() => document.querySelector("[data-refresh][data-again]") && soon(), 1000);
}

const parts = () => [...document.querySelectorAll("[data-refresh]")];
const wants = (kind) => parts().some((part) => part.dataset.refresh.split(" ").includes(kind));

function changed(kind, ids, all = false) {
  const concerned = parts().some((part) => {
    if (!part.dataset.refresh.split(" ").includes(kind)) return false;
    const only = part.dataset.only;
    return all || !only || !only.startsWith(`${kind}:`) || ids.includes(Number(only.split(":")[1]));
  });
  if (concerned) soon();
}

function seen(message) {
  for (const time of document.querySelectorAll(`[data-host-seen="${message.host}"] time`)) time.dateTime = message.at;
  for (const mark of document.querySelectorAll(`[data-host-read="${message.host}"]`)) mark.dataset.readAt = message.at;
  for (const part of document.querySelectorAll("[data-hosts-seen]")) oldest(part, message);
}

// Where something is true of several hosts, it is as old as the look at one of them that is longest ago.
function oldest(part, message) {
  const all = JSON.parse(part.dataset.hostsSeen);
  if (!(message.host in all)) return soon(); // it was unknown until now
  all[message.host] = message.at;
  part.dataset.hostsSeen = JSON.stringify(all);
  const first = Object.values(all).reduce((one, other) => (Date.parse(one) < Date.parse(other) ? one : other));
  for (const time of part.querySelectorAll("[data-oldest-seen] time")) time.dateTime = first;
}

// A host that is no longer looked at sends no message: the server draws it as unknown.
function lookForStale() {
  for (const time of document.querySelectorAll("[data-host-seen] time, [data-oldest-seen] time")) {
    staleOnce(time, time.dateTime);
  }
  for (const mark of document.querySelectorAll("[data-host-read]")) staleOnce(mark, mark.dataset.readAt);
}

function staleOnce(element, at) {
  if (serverNow() - Date.parse(at) <= STALE_MS || told.get(element) === at) return;
  told.set(element, at);
  soon();
}

function soon() {
  due = true;
  plan();
}

function plan() {
  if (!due || reading || timer !== null || document.hidden) return;
  timer = setTimeout(fetchParts, Math.max(PAUSE_MS, restUntil - Date.now()));
}

async function fetchParts() {
  timer = null;
  due = false; // what changes from here on may be missing in the answer
  const began = Date.now();
  reading = true;
  const text = await read();
  reading = false;
  restUntil = Date.now() + Math.max(REST_MS, 10 * (Date.now() - began));
  if (text !== null) draw(text);
  plan();
}

function draw(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of parts()) {
    const other = fresh.getElementById(part.id);
    if (other) alike(part, other);
  }
  tellAll();
  document.dispatchEvent(new Event("refreshed"));
}

async function read() {
  try {
    const headers = { Accept: "text/html", "X-Only": "parts" }; // what is costly elsewhere is left out
    const answer = await fetch(location.href, { headers });
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    return null; // the connection state says so already
  }
}

// Makes `old` say what `now` says, keeping every element that is still the same kind of thing.
export function alike(old, now) {
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && name !== "open" && name !== "hidden") old.removeAttribute(name);
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value && !(name === "hidden" && old.matches("[data-copy]"))) {
      old.setAttribute(name, value);
    }
  }
  const theirs = [...now.childNodes];
  theirs.forEach((node, index) => place(old, old.childNodes[index], node));
  while (old.childNodes.length > theirs.length) old.lastChild.remove();
}

function place(parent, mine, node) {
  if (!mine) return parent.append(document.importNode(node, true));
  const same = mine.nodeType === node.nodeType && mine.nodeName === node.nodeName;
  if (!same || mine.dataset?.id !== node.dataset?.id) return mine.replaceWith(document.importNode(node, true));
  if (node.nodeType === Node.ELEMENT_NODE) {
    if (mine === document.activeElement && mine.matches("input, textarea, select")) return;
    return alike(mine, node);
  }
  if (mine.nodeValue !== node.nodeValue) mine.nodeValue = node.nodeValue;
}
