// The charts of a page: drawn from what the page brought, fed each second while one looks.

import { Points } from "./chart-data.js";
import { Plot } from "./chart-plot.js";
import { clockWithSeconds } from "./chart-words.js";
import { setText } from "./dom.js";
import { live } from "./live.js";
import { serverNow, tellAll } from "./time.js";

const SILENT_MS = 6000;
const LOOK_MS = 2000;

let section = null;
let told = null; // the JSON of the page
let plots = [];
let topic = "";
let heardAt = 0;
let readAt = 0;
let reading = 0; // counts, so that an answer that was overtaken is dropped

function open() {
  section = document.getElementById("charts");
  told = JSON.parse(section.dataset.charts);
  const marks = [...section.querySelectorAll("[data-mark]")].map(markOf);
  const cards = section.querySelectorAll("[data-chart]");
  plots = told.charts.map((chart, place) => {
    const card = cards[place];
    card.hidden = false;
    return new Plot(card, new Points(chart, told.at, told.step_s), { marks, span });
  });
  cards.forEach((card) => (card.hidden = nothingKnown()));
  readAt = Date.now();
  follow(section.dataset.topic);
}

const nothingKnown = () => plots.every((plot) => plot.points.isEmpty);

function markOf(item) {
  const { mark, state, label } = item.dataset;
  const bad = ["failed", "undone", "alert"].includes(state);
  return { at: Number(mark), label, kind: state === "release" ? "release" : bad ? "failed" : "operation" };
}

function span() {
  const end = serverNow() / 1000;
  return [end - told.span_s, end];
}

function close() {
  for (const plot of plots) plot.destroy();
  plots = [];
}

// -- each second -----------------------------------------------------------------------------------

function follow(next) {
  heardAt = Date.now();
  if (next === topic) return;
  if (topic) live.unwant(topic);
  topic = next;
  if (topic) live.want(topic);
  else say("");
}

const isOurs = (item) => item.kind === told.kind && item.id === told.id;

function onUpdate(message) {
  const item = message.items.find(isOurs);
  if (!topic || !item) return;
  heardAt = Date.now();
  if (item.known) {
    const running = Object.keys(item.values).length > 0;
    say(running ? "Live, every second" : "Nothing is used: it does not run");
  } else sayUnknown(item);
  add(Date.parse(message.at) / 1000, item.values ?? {});
}

function add(atS, values) {
  for (const plot of plots) {
    plot.points.add(atS, values);
    plot.points.forgetBefore(atS - told.span_s - told.step_s);
  }
  if (document.hidden) return;
  redraw();
}

function redraw() {
  const empty = nothingKnown();
  const note = section.querySelector("[data-charts-empty]");
  if (note && !empty) note.remove();
  for (const card of section.querySelectorAll("[data-chart]")) card.hidden = empty;
  for (const plot of plots) plot.redraw();
}

function onSubscribed(message) {
  if (message.topic !== topic) return;
  const [item] = message.items;
  if (!item.known) sayUnknown(item);
  else say("Waiting for the first sample");
}

function sayUnknown(item) {
  const since = item.unknown_since && clockWithSeconds(new Date(item.unknown_since));
  say(since ? `Unknown since ${since}: the host is not read` : "Unknown: the host was never read", "unknown");
}

function lookForSilence() {
  if (!topic || live.state !== "live" || Date.now() - heardAt < SILENT_MS) return;
  if (section.querySelector("[data-charts-state]").dataset.state === "unknown") return;
  say(`No values since ${clockWithSeconds(new Date(heardAt))}`, "unknown");
  add(serverNow() / 1000, {});
}

function say(text, state = "") {
  const line = section.querySelector("[data-charts-state]");
  setText(line, text);
  line.dataset.state = state;
}

// -- another range, or the same one later ----------------------------------------------------------

async function show(url, { pushed = false } = {}) {
  const number = ++reading;
  const text = await read(url);
  if (number !== reading) return;
  if (text === null) return say("SiteFlow cannot be reached: this is what was known", "unknown");
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("charts");
  if (!fresh) return location.assign(url); // logged out, or gone
  const focused = document.activeElement?.dataset?.range;
  const unfolded = section.querySelector("details").open;
  close();
  section.replaceWith(document.importNode(fresh, true));
  if (pushed) history.pushState(null, "", url);
  open();
  tellAll(section);
  section.querySelector("details").open = unfolded;
  if (focused) section.querySelector(`[data-range="${CSS.escape(focused)}"]`)?.focus();
}

async function read(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

function choose(event) {
  const link = event.target.closest?.("[data-range]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  show(link.href, { pushed: true });
}

function later() {
  if (document.hidden || !told.refresh_s || Date.now() - readAt < 1000 * told.refresh_s) return;
  readAt = Date.now();
  show(location.href);
}

const recolour = () => plots.forEach((plot) => plot.recolour());

open();
document.addEventListener("click", choose);
addEventListener("popstate", () => show(location.href));
document.addEventListener("visibilitychange", () => document.hidden || redraw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-theme"] });
live.on("metrics.update", onUpdate);
live.on("subscribed", onSubscribed);
live.on("reconnected", () => topic && show(location.href));
live.on("error", (message) => message.topic === topic && topic && say("It may no longer be seen", "unknown"));
setInterval(lookForSilence, LOOK_MS);
setInterval(later, 10_000);
