// The graph's page: chooses, searches and moves by keyboard; the list below follows along.

import { setText } from "./dom.js";
import { Kept } from "./graph-data.js";
import { draw } from "./graph-draw.js";
import { arrange } from "./graph-layout.js";
import { pageOf, showActions, showImpact, showPanel, statePill, wordOf } from "./graph-panel.js";

const NARROW = 600; // a window in which one looks at a part rather than at lines
const LEGIBLE = 0.6;

const place = document.getElementById("graph");
if (place) start();

function start() {
  const words = JSON.parse(place.dataset.words);
  const panel = document.getElementById("graph-panel");
  const said = document.getElementById("graph-said");
  const news = document.getElementById("graph-news");
  document.querySelector("[data-graph-card]").hidden = false;
  const rows = new Map([...document.querySelectorAll("tr[data-node]")].map((row) => [row.dataset.node, row]));
  const cy = draw(place, words);
  const kept = new Kept(cy, words, place.dataset.query, changed);
  let asked = 0;

  function changed(ids, { came, went }) {
    if (!place.dataset.layouts || came.some((id) => cy.getElementById(id).data("block"))) {
      arrange(cy);
      fit();
    } else if (came.length) {
      for (const id of came) settle(cy.getElementById(id));
      tellNews(came.length);
    }
    for (const id of ids) showRow(id);
    for (const id of went) rows.get(id)?.classList.add("gone");
    if (went.includes(panel.dataset.node)) close();
    else if (ids.includes(panel.dataset.node)) panel.querySelector("[data-panel-state]")?.replaceChildren(pillOf(panel.dataset.node));
    place.dataset.nodes = cy.nodes().length;
  }

  const pillOf = (id) => {
    const node = cy.getElementById(id).data();
    return statePill(node, words, kept.seenAt(node));
  };

  function showRow(id) {
    const row = rows.get(id);
    row?.classList.remove("gone");
    row?.querySelector("[data-cell=state]")?.replaceChildren(pillOf(id));
  }

  // What is new stands beside what it hangs on, and nothing else moves.
  function settle(node) {
    const near = node.neighborhood("node").first();
    const at = near.nonempty() ? near.position() : { x: 0, y: -80 };
    node.position({ x: at.x, y: at.y - 52 });
  }

  function tellNews(number) {
    setText(news, `${number} new: “Arrange” puts everything in order.`);
    news.hidden = false;
  }

  function fit(some = cy.elements()) {
    cy.resize();
    cy.fit(some, 24);
    if (cy.zoom() > 1.1) {
      cy.zoom(1.1);
      cy.center(some);
    } else if (cy.zoom() < LEGIBLE && cy.width() < NARROW) {
      const { x1, y1 } = some.boundingBox({ includeLabels: false });
      cy.viewport({ zoom: LEGIBLE, pan: { x: 12 - x1 * LEGIBLE, y: 12 - y1 * LEGIBLE } });
    }
  }

  function choose(id, { centre = true } = {}) {
    const node = cy.getElementById(id);
    if (node.empty()) return;
    clearMarks();
    node.addClass("chosen");
    panel.dataset.node = id;
    showPanel(panel, node, { words, seen: kept.seenAt(node.data()), choose, close, open });
    mark(node);
    if (centre) bringIntoView(node);
    showActions(panel, node.data());
    askImpact(node.data());
    setText(said, `${node.data("name")}, ${node.data("kind")}, ${wordOf(node.data(), words)}, needs ${node.outgoers("node").length}, needed by ${node.incomers("node").length}`);
  }

  function mark(node) {
    const near = node.closedNeighborhood();
    cy.batch(() => {
      cy.elements().not(near).addClass("pale");
      node.connectedEdges().addClass("near");
    });
  }

  function clearMarks() {
    cy.batch(() => cy.elements().removeClass("chosen pale near stops affected"));
  }

  async function askImpact(node) {
    const turn = ++asked;
    const query = new URLSearchParams({ kind: node.kind, key: node.key ?? node.host });
    if (node.key === null) query.set("name", node.name);
    const answer = node.collapsed && node.kind !== "site" ? null : await fetch(`/api/graph/impact?${query}`).catch(() => null);
    const hits = answer?.ok ? (await answer.json()).hits : [];
    if (turn !== asked) return;
    showImpact(panel, hits, choose);
    cy.batch(() => {
      for (const hit of hits) cy.getElementById(hit.id).addClass(hit.level).removeClass("pale");
    });
  }

  function bringIntoView(node) {
    const box = node.renderedBoundingBox();
    const room = cy.width() - (panel.hidden || innerWidth < 760 ? 0 : panel.offsetWidth + 16);
    if (cy.zoom() < 0.45) cy.zoom({ level: 0.8, position: node.position() });
    else if (box.x1 >= 0 && box.y1 >= 0 && box.x2 <= room && box.y2 <= cy.height()) return;
    cy.center(node);
    cy.panBy({ x: (room - cy.width()) / 2, y: 0 });
  }

  function close() {
    asked += 1;
    clearMarks();
    panel.hidden = true;
    panel.replaceChildren();
    delete panel.dataset.node;
  }

  async function open(site) {
    await kept.open(site);
    choose(`site:${site}`);
  }

  // -- keyboard ------------------------------------------------------------------------------

  const KEYS = {
    ArrowRight: (node) => nearest(node, node.outgoers("node")),
    ArrowLeft: (node) => nearest(node, node.incomers("node")),
    ArrowUp: (node) => beside(node, -1),
    ArrowDown: (node) => beside(node, 1),
  };

  function nearest(node, several) {
    const y = node.position("y");
    return several.min((other) => Math.abs(other.position("y") - y)).ele;
  }

  function beside(node, way) {
    const { x, y } = node.position();
    const column = cy.nodes().filter((other) => Math.abs(other.position("x") - x) < 100 && way * (other.position("y") - y) > 1);
    return column.min((other) => Math.abs(other.position("y") - y)).ele;
  }

  place.addEventListener("keydown", (event) => {
    const chosen = cy.$(".chosen").first();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) {
      const next = chosen.empty() ? cy.nodes().first() : KEYS[event.key](chosen);
      if (next?.nonempty()) choose(next.id());
    } else if (event.key === "Enter" && chosen.nonempty()) follow(chosen.data());
    else if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1.25 : 0.8);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  function follow(node) {
    if (node.collapsed && node.kind === "site") return open(node.key);
    const page = pageOf(node);
    if (page) location.assign(page);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden || document.querySelector("dialog[open]")) return;
    const inside = panel.contains(document.activeElement);
    close();
    if (inside) place.focus();
  });

  // -- pointer, buttons, search ------------------------------------------------------------------

  cy.on("tap", "node", (event) => choose(event.target.id(), { centre: false }));
  cy.on("dbltap", "node", (event) => event.target.data("collapsed") && follow(event.target.data()));
  cy.on("tap", (event) => event.target === cy && close());
  cy.on("mouseover", "node", () => place.classList.add("over"));
  cy.on("mouseout", "node", () => place.classList.remove("over"));

  const zoom = (by) => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  const DO = {
    in: () => zoom(1.25),
    out: () => zoom(0.8),
    fit: () => fit(),
    arrange: () => {
      arrange(cy);
      fit();
      news.hidden = true;
    },
  };
  for (const button of document.querySelectorAll("[data-graph-do]")) button.addEventListener("click", DO[button.dataset.graphDo]);

  const search = document.getElementById("graph-search");
  search.closest("[data-graph-search]").hidden = false;
  search.addEventListener("input", () => find(search.value.trim().toLowerCase()));
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = cy.$(".found").first();
    if (first.empty()) return;
    choose(first.id());
    place.focus();
  });

  function find(text) {
    const found = text ? cy.nodes().filter((node) => node.data("name").toLowerCase().includes(text)) : cy.collection();
    cy.batch(() => {
      cy.nodes().removeClass("found");
      found.addClass("found");
    });
    for (const [id, row] of rows) row.hidden = Boolean(text) && !cy.getElementById(id).hasClass("found");
    if (found.nonempty()) fit(found);
    setText(said, text ? `${found.length} found` : "");
  }

  const filters = document.getElementById("graph-filters");
  for (const chooser of filters.querySelectorAll("select")) chooser.addEventListener("change", () => filters.requestSubmit());
  filters.querySelector("[data-graph-apply]").hidden = true;
  filters.addEventListener("submit", () => {
    for (const field of filters.elements) field.disabled = field.name && !field.value;
  });

  new ResizeObserver(() => cy.resize()).observe(place);
  kept.reread().then(() => {
    if (cy.nodes().empty()) {
      setText(news, "The graph cannot be read now; the list below was.");
      news.hidden = false;
    }
    kept.follow();
  });
}
