// Times as people read them. Ages are told by the server's clock, which the page brought along.

import { toldPill } from "./dom.js";

const rendered = Date.parse(document.documentElement.dataset.now);
const arrived = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0);
const ahead = Number.isNaN(rendered) ? 0 : rendered - arrived;

export const serverNow = () => Date.now() + ahead;

const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [48 * 3600, 3600, "h"],
  [730 * 86400, 86400, "d"],
];

export function shortAge(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const step = STEPS.find(([below]) => seconds < below);
  return step ? `${Math.floor(seconds / step[1])} ${step[2]}` : `${Math.floor(seconds / (365 * 86400))} y`;
}

export function took(milliseconds) {
  if (milliseconds == null) return "–";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const minutes = Math.floor(milliseconds / 60000);
  const seconds = Math.floor(milliseconds / 1000) % 60;
  return minutes < 60 ? `${minutes} min ${seconds} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric" });

export function clock(at, form = "") {
  const now = new Date(serverNow());
  if (at.toDateString() === now.toDateString()) return CLOCK.format(at);
  if (at.getFullYear() !== now.getFullYear()) return DATE.format(at);
  return form === "short" ? DAY.format(at) : `${DAY.format(at)} ${CLOCK.format(at)}`;
}

export const absolute = (at) => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;

export function ageElement(iso, suffix = "") {
  return timeElement(iso, { "data-age": suffix });
}

export function momentElement(iso, form = "") {
  return timeElement(iso, { "data-moment": form });
}

function timeElement(iso, attributes) {
  const made = document.createElement("time");
  made.dateTime = iso;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.title = absolute(new Date(iso));
  tell(made);
  return made;
}

// Of an operation or a step of one. An operation that runs is at work; a container that runs is well.
export function operationPill(item) {
  const since = item.finished_at ?? item.started_at ?? item.created_at;
  const state = item.status === "running" ? "working" : item.status;
  const source = item.status === "queued" ? "the queue" : "its worker";
  return toldPill(state, item.status, since ? ageElement(since) : null, source);
}

// Writes what a <time> says now; only touches the page when that has changed.
export function tell(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const suffix = element.dataset.age;
  const text =
    suffix === undefined ? clock(at, element.dataset.moment) : `${shortAge(serverNow() - at.getTime())}${suffix ? ` ${suffix}` : ""}`;
  if (element.textContent !== text) element.textContent = text;
}

export function tellAll(scope = document) {
  for (const element of scope.querySelectorAll("time[data-age], time[data-moment]")) tell(element);
}

// Ages tick by themselves; a page that nobody looks at does nothing.
export function startTicking() {
  tellAll();
  setInterval(() => document.hidden || tellAll(), 1000);
  document.addEventListener("visibilitychange", () => document.hidden || tellAll());
}
