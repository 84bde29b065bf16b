// What is chosen: its facts, what it needs, what breaks without it, and what can be done about it.

import { el, icon, pill, toldPill } from "./dom.js";
import { BECAUSE, LINKS, LOOKS, size } from "./graph-words.js";
import { absolute, ageElement, momentElement } from "./time.js";

const SOURCES = {
  event: "a Docker event", read: "a full read of the host", operation: "a read after an operation",
  certificate: "a look at the certificate", services: "a look at the host’s services",
  nas: "a look at the NAS",
};
const PAGES = { container: "sites/container/", site: "sites/site/", host: "sites/host/", domain: "sites/domain/", proxy: "sites/host/", nas: "sites/host/" };
const MOST = 40; // lines of a list
const HITS = 8;

export function pageOf(node) {
  if (node.key === null || !PAGES[node.kind] || node.state === "hidden") return "";
  const tab = node.kind === "proxy" ? "?tab=proxy" : "";
  return `${document.documentElement.dataset.root}${PAGES[node.kind]}${node.key}/change/${tab}`;
}

export const wordOf = (node, words) => words[node.state] ?? node.state.replaceAll("_", " ");

export function statePill(node, words, seen) {
  const since = node.unknown_since;
  const age = since ? el("span", {}, "since ", momentElement(since, "short")) : seen ? ageElement(seen) : null;
  const made = toldPill(LOOKS[node.tone] ?? "unknown", wordOf(node, words), age, SOURCES[node.source] ?? "SiteFlow’s own record");
  if (since) made.title = `${node.last_state ? `Was ${node.last_state} when last seen` : "Last seen"}, ${absolute(new Date(since))}`;
  return made;
}

// `chosen` is a node of the drawing; `choose(id)` goes to another one.
export function showPanel(panel, chosen, { words, seen, choose, close, open }) {
  const node = chosen.data();
  const shut = el("button", { type: "button", class: "icon-button", "aria-label": "Close" }, icon("close"));
  shut.addEventListener("click", close);
  const page = pageOf(node);
  const buttons = el("div", { class: "actions", "data-panel-links": true });
  if (page) buttons.append(el("a", { class: "button", href: page }, "Open page"));
  if (node.collapsed && node.kind === "site") {
    const opener = el("button", { type: "button", class: "button" }, "Open here");
    opener.addEventListener("click", () => open(node.key));
    buttons.append(opener);
  }
  panel.replaceChildren(
    el("header", {}, el("h2", {}, node.name), shut, el("p", { class: "muted small" }, node.kind, node.host_name && node.kind !== "host" ? ` on ${node.host_name}` : "")),
    el("div", { "data-panel-state": true }, statePill(node, words, seen)),
    facts(node),
    el("section", { "data-panel-impact": true }, el("h3", {}, "If it stops"), el("p", { class: "muted small" }, "…")),
    buttons,
    el("div", { class: "panel-acts", "data-panel-acts": true }),
    section("Needs", chosen.outgoers("edge").map((edge) => el("li", {}, faint(`${LINKS[edge.data("kind")]} `), chooser(edge.target(), choose)))),
    section("Needed by", chosen.incomers("edge").map((edge) => el("li", {}, chooser(edge.source(), choose), faint(` ${LINKS[edge.data("kind")]} it`)))),
  );
  panel.hidden = false;
}

function facts(node) {
  const rows = [];
  const add = (name, value) => value && rows.push(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  add("Since", node.state_since && momentElement(node.state_since));
  add("Seen by", SOURCES[node.source]);
  add("Was", node.unknown_since && node.last_state);
  const { cpu_percent: cpu, memory_bytes: memory, memory_limit_bytes: limit } = node.metrics ?? {};
  add("CPU", cpu != null && `${cpu.toFixed(1)} % of one core`);
  add("Memory", memory != null && `${size(memory)}${limit ? ` of ${size(limit)}` : ""}`);
  if (node.backup) add("Backup", toldPill(LOOKS[node.backup.tone], node.backup.state, node.backup.at && ageElement(node.backup.at), SOURCES.nas));
  for (const [what, number] of Object.entries(node.counts)) add(what, String(number));
  if (node.detail) rows.push(el("div", { class: "whole" }, el("dt", {}, "Detail"), el("dd", {}, node.detail)));
  return el("dl", { class: "facts" }, ...rows);
}

const faint = (text) => el("span", { class: "muted small" }, text);

function section(title, lines) {
  if (!lines.length) return "";
  const more = lines.length > MOST ? [el("li", { class: "muted small" }, `and ${lines.length - MOST} more`)] : [];
  return el("section", {}, el("h3", {}, title), el("ul", { class: "plain" }, ...lines.slice(0, MOST), ...more));
}

function chooser(node, choose) {
  return linkTo(node.data("name"), node.id(), choose);
}

function linkTo(name, id, choose) {
  const made = el("button", { type: "button", class: "link" }, name);
  made.addEventListener("click", () => choose(id));
  return made;
}

export function showImpact(panel, hits, choose) {
  const place = panel.querySelector("[data-panel-impact]");
  if (!place) return;
  const lines = hits.slice(0, HITS).map((hit) =>
    el("li", { title: BECAUSE[hit.because] }, pill(hit.level === "stops" ? "failed" : "warning", hit.level === "stops" ? "stops" : "affected"), " ", linkTo(hit.name, hit.id, choose), faint(` ${hit.kind}`)));
  if (hits.length > HITS) lines.push(el("li", { class: "muted small" }, `and ${hits.length - HITS} more, marked in the graph`));
  place.replaceChildren(
    el("h3", {}, "If it stops"),
    lines.length ? el("ul", { class: "plain" }, ...lines) : el("p", { class: "muted small" }, "Nothing else needs it."),
  );
}

// The same buttons as on its own page, drawn by the server: so it is never offered what may not be.
export async function showActions(panel, node) {
  const url = pageOf(node);
  if (!url || node.kind === "proxy") return;
  const answer = await fetch(url, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const actions = page.querySelector(".page-head .actions");
  const place = panel.querySelector("[data-panel-acts]");
  if (actions && place && panel.dataset.node === node.id) place.replaceChildren(document.importNode(actions, true));
}
