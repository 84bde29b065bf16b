// Where things go. Hosts hardly ever share edges, so each is laid out in layers by itself and the
// blocks are put on shelves: a thousand things take no longer than their parts.

import { HEIGHT, WIDTH } from "./graph-draw.js";

const GAP = 50;
const CELL = { width: WIDTH + 24, height: HEIGHT + 14 };
const MANY = 14; // sites that stand for others are put in columns, not in one
const QUICK = 600; // nodes; of more, each kind is a layer, without a search for the fewest crossings

export function arrange(cy) {
  const began = performance.now();
  const blocks = new Map();
  for (const node of cy.nodes()) {
    const key = String(node.data("block") ?? node.data("host") ?? "");
    if (!blocks.has(key)) blocks.set(key, cy.collection());
    blocks.set(key, blocks.get(key).union(node));
  }
  cy.startBatch();
  const inLayers = cy.nodes().length > QUICK ? kinds : layers;
  const laid = [...blocks.values()].map((nodes) => (isCrowd(nodes) ? crowd(nodes) : inLayers(nodes)));
  shelve(laid, cy);
  cy.endBatch();
  const container = cy.container();
  container.dataset.layouts = Number(container.dataset.layouts ?? 0) + 1;
  performance.measure("graph-layout", { start: began, end: performance.now() });
}

const isCrowd = (nodes) => nodes.filter("[?collapsed]").length > MANY;

function layers(nodes) {
  // What depends on each other is of one kind, and stays in one layer.
  const drawn = nodes.edgesWith(nodes).filter((edge) => !edge.data("implied") && edge.data("kind") !== "depends-on");
  nodes.union(drawn).layout({
    name: "dagre", rankDir: "LR", nodeSep: 10, edgeSep: 6, rankSep: 44, fit: false, animate: false,
  }).run(); // it is done when this returns
  return nodes;
}

const LAYERS = [["domain"], ["proxy"], ["site"], ["container"], ["network", "volume"], ["host"], ["nas"]];

// What is of one site stands side by side in each layer.
function kinds(nodes) {
  const several = LAYERS.map((layer) => nodes.filter((node) => layer.includes(node.data("kind"))).sort(bySite));
  const height = Math.max(...several.map((some) => some.length)) * CELL.height;
  several.forEach((some, index) => column(some, (CELL.width + 24) * index, height));
  return nodes;
}

const bySite = (a, b) => (a.data("site") ?? Infinity) - (b.data("site") ?? Infinity) || a.data("name").localeCompare(b.data("name"));

// What stands for sites in as many columns as make a block no taller than wide; before them what
// leads to them, behind them what they stand on.
function crowd(nodes) {
  const first = nodes.filter("[kind = 'domain'], [kind = 'proxy']");
  const last = nodes.filter("[kind = 'host'], [kind = 'nas'], [kind = 'network'], [kind = 'volume']");
  const middle = nodes.not(first).not(last).sort((a, b) => rank(a) - rank(b) || a.data("name").localeCompare(b.data("name")));
  const columns = Math.max(1, Math.round(Math.sqrt(middle.length * (CELL.height / CELL.width) * 1.3)));
  const rows = Math.ceil(middle.length / columns);
  const height = rows * CELL.height;
  column(first, 0, height);
  middle.forEach((node, index) => {
    node.position({ x: GAP + CELL.width * (1 + Math.floor(index / rows)), y: CELL.height * (index % rows) });
  });
  column(last, 2 * GAP + CELL.width * (columns + 1), height);
  return nodes;
}

const TONES = ["bad", "warning", "unknown", "busy", "still", "good"];
const rank = (node) => TONES.indexOf(node.data("tone"));

function column(nodes, x, height) {
  const step = Math.max(CELL.height, Math.min(height / Math.max(1, nodes.length), 4 * CELL.height));
  const top = (height - (nodes.length - 1) * step) / 2;
  nodes.forEach((node, index) => node.position({ x, y: top + step * index }));
}

function shelve(blocks, cy) {
  const boxes = blocks.map((nodes) => ({ nodes, box: boxOf(nodes) })).sort((a, b) => b.box.h - a.box.h);
  const area = boxes.reduce((sum, { box }) => sum + (box.w + GAP) * (box.h + GAP), 0);
  const shape = Math.max(0.6, Math.min(2.2, cy.width() / Math.max(1, cy.height())));
  const width = Math.max(Math.sqrt(area * shape), ...boxes.map(({ box }) => box.w));
  let x = 0;
  let y = 0;
  let tallest = 0;
  for (const { nodes, box } of boxes) {
    if (x > 0 && x + box.w > width) [x, y, tallest] = [0, y + tallest + GAP, 0];
    move(nodes, x - box.x1, y - box.y1);
    x += box.w + GAP;
    tallest = Math.max(tallest, box.h);
  }
}

// By positions alone: the size of what is drawn is not known before it is.
function boxOf(nodes) {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const node of nodes) {
    const { x, y } = node.position();
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
  }
  return { x1: x1 - CELL.width / 2, y1: y1 - CELL.height / 2, w: x2 - x1 + CELL.width, h: y2 - y1 + CELL.height };
}

function move(nodes, dx, dy) {
  for (const node of nodes) {
    const { x, y } = node.position();
    node.position({ x: x + dx, y: y + dy });
  }
}
