// What is known of the graph, and how it is kept true: small changes go into the drawing where they
// are; only a new reading tells what came, what went, and what hangs on what now.

import { edgeId, edgeOf, elementOf, label } from "./graph-draw.js";
import { live } from "./live.js";
import { serverNow } from "./time.js";

const STALE_MS = Number(document.documentElement.dataset.staleAfterS) * 1000;
const TOGETHER_MS = 250;
const REREAD_MS = 60_000; // readings and certificates are not pushed
const REST_MS = 3000;

export async function read(query) {
  const answer = await fetch(`/api/graph${query ? `?${query}` : ""}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({})))?.error?.message ?? `The graph cannot be read (${answer.status}).`);
  return answer.json();
}

export class Kept {
  #cy;
  #words;
  #query;
  #opened = new Set();
  #waiting = new Map();
  #timer = null;
  #seen = new Map(); // host → when it was last looked at
  #changed;
  #reading = false;
  #due = null;

  // `changed(nodes, { came, went })` is called after each change of what is drawn.
  constructor(cy, words, query, changed) {
    this.#cy = cy;
    this.#words = words;
    this.#query = query;
    this.#changed = changed;
  }

  follow() {
    live.on("graph.update", (message) => this.#take(message));
    live.on("hosts.seen", (message) => this.#look(message.host, message.at));
    live.on("reconnected", () => this.soon());
    live.on("subscribed", (message) => message.topic === "graph" && this.soon());
    live.want("graph", () => ({ ids: [] }));
    setInterval(() => document.hidden || this.soon(), REREAD_MS);
    setInterval(() => this.#turnStale(), 1000);
    document.addEventListener("visibilitychange", () => document.hidden || this.soon());
  }

  soon(wait = 500) {
    if (this.#due === null) this.#due = setTimeout(() => this.reread(), wait);
  }

  async open(site) {
    this.#opened.add(site);
    this.#merge([await read(`site=${site}`)], false);
  }

  async reread() {
    clearTimeout(this.#due);
    this.#due = null;
    if (this.#reading) return this.soon(REST_MS);
    this.#reading = true;
    try {
      const sites = [...this.#opened].map((site) => read(`site=${site}`).catch(() => ({ nodes: [], edges: [] })));
      this.#merge(await Promise.all([read(this.#query), ...sites]), true);
    } catch {
      // the connection state says so already; the next reading comes
    } finally {
      this.#reading = false;
    }
  }

  // The readings of sites that were opened come after the whole, and know more.
  #merge(readings, whole) {
    const nodes = new Map();
    const edges = new Map();
    readings.forEach((reading, index) => {
      const site = index > 0 || !whole ? reading.nodes.find((node) => node.kind === "site") : null;
      for (const node of reading.nodes) nodes.set(node.id, site && node.site === site.key ? { ...node, block: site.id } : (nodes.get(node.id) ?? node));
      for (const edge of reading.edges) edges.set(edgeId(edge), edge);
    });
    const cy = this.#cy;
    const came = [];
    cy.startBatch();
    const went = whole ? cy.nodes().filter((node) => !nodes.has(node.id())) : cy.collection();
    const gone = went.map((node) => node.id());
    went.remove();
    if (whole) cy.edges().filter((edge) => !edges.has(edge.id())).remove();
    for (const node of nodes.values()) {
      const known = cy.getElementById(node.id);
      if (known.nonempty()) known.data({ ...node, label: label(node, this.#words) });
      else {
        cy.add(elementOf(node, this.#words));
        came.push(node.id);
      }
    }
    for (const [id, edge] of edges) {
      if (cy.getElementById(id).empty() && nodes.has(edge.source) && nodes.has(edge.target)) cy.add(edgeOf(edge));
    }
    cy.endBatch();
    this.#changed([...nodes.keys()], { came, went: gone });
  }

  #take(message) {
    if (message.unknown_since !== undefined && message.host !== undefined) this.#ofHost(message.host, message.unknown_since);
    for (const node of message.nodes) this.#wait(node.id, node);
    const known = (id) => this.#cy.getElementById(id).nonempty();
    const isNew = message.nodes.some((node) => !known(node.id) && !node.id.startsWith("container:"));
    const mayBeNew = message.nodes.some((node) => !known(node.id)) && !this.#cy.nodes("[?collapsed]").nonempty();
    if (isNew || mayBeNew || message.removed.some(known)) this.soon();
  }

  #ofHost(host, since) {
    if (!since) return this.soon(100);
    for (const node of this.#cy.nodes()) {
      const { id, kind, state, tone, host: its } = node.data();
      if (its === host && !["host", "nas", "domain"].includes(kind) && tone !== "unknown") {
        this.#wait(id, { state: "unknown", tone: "unknown", unknown_since: since, last_state: state });
      }
    }
  }

  #look(host, at) {
    this.#seen.set(host, at);
  }

  seenAt(node) {
    const at = this.#seen.get(node.host);
    const alike = ["read", "event", "operation"].includes(node.source) && node.kind !== "proxy";
    return alike && at && at > (node.seen_at ?? "") ? at : node.seen_at;
  }

  // Nothing heard of its host for too long: what is shown is no longer known, connected or not.
  #turnStale() {
    const last = new Map();
    for (const node of this.#cy.nodes("[kind = 'host']")) {
      const { host, state, seen_at: at } = node.data();
      if (state === "reachable") last.set(host, this.#seen.get(host) ?? at);
    }
    for (const [host, at] of last) {
      if (!at || serverNow() - Date.parse(at) <= STALE_MS) continue;
      this.#wait(`host:${host}`, { state: "unknown", tone: "unknown", unknown_since: at, last_state: "reachable" });
      this.#ofHost(host, at);
    }
  }

  #wait(id, changes) {
    this.#waiting.set(id, { ...this.#waiting.get(id), ...changes });
    this.#timer ??= setTimeout(() => this.#apply(), TOGETHER_MS);
  }

  #apply() {
    this.#timer = null;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    const drawn = [];
    this.#cy.batch(() => {
      for (const [id, changes] of waiting) {
        const node = this.#cy.getElementById(id);
        if (node.empty()) continue;
        const counts = { ...node.data("counts"), ...changes.counts };
        const now = { ...node.data(), ...changes, counts };
        node.data({ ...changes, counts, label: label(now, this.#words) });
        drawn.push(id);
      }
    });
    if (drawn.length) this.#changed(drawn, { came: [], went: [] });
  }
}
