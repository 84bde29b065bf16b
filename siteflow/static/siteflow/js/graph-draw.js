// The drawing itself: cytoscape, with the console's own colours. Names are only ever drawn as text.

import cytoscape from "../../vendor/cytoscape.js";
import dagre from "../../vendor/cytoscape-dagre.js";
import { picture } from "./graph-pictures.js";
import { size } from "./graph-words.js";

cytoscape.use(dagre);

// State is told by a sign and a word as well as by colour.
const SIGNS = { good: "✓", warning: "!", bad: "✕", unknown: "?", busy: "↻", still: "–" };
export const WIDTH = 196;
export const HEIGHT = 38;
const NAME = 22; // characters that fit, of the first line and of the second
const FACTS = 28;
const INSET = 32; // where text begins, beside the drawing of its kind

export function draw(container, words) {
  const cy = cytoscape({
    container,
    style: [],
    layout: { name: "preset" },
    minZoom: 0.04,
    maxZoom: 2.5,
    boxSelectionEnabled: false,
    autounselectify: true,
    autoungrabify: true,
    textureOnViewport: false,
    hideEdgesOnViewport: false,
    pixelRatio: "auto",
  });
  const dress = () => cy.style(styles(colours()));
  dress();
  new MutationObserver(dress).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  cy.scratch("words", words);
  return cy;
}

export function elementOf(node, words) {
  return { group: "nodes", data: { ...node, label: label(node, words) } };
}

export function edgeOf(edge) {
  return { group: "edges", data: { id: edgeId(edge), ...edge, implied: edge.implied ? 1 : 0 } };
}

export const edgeId = (edge) => `${edge.kind} ${edge.source} → ${edge.target}`;

export function label(node, words) {
  const parts = [`${SIGNS[node.tone] ?? "?"} ${words[node.state] ?? node.state.replaceAll("_", " ")}`];
  if (node.collapsed) parts.push(`${node.counts.running ?? 0}/${node.counts.containers ?? 0} running`);
  const { cpu_percent: cpu, memory_bytes: memory } = node.metrics ?? {};
  if (cpu != null) parts.push(`${cpu < 10 ? cpu.toFixed(1) : Math.round(cpu)} %`);
  if (memory != null && !node.collapsed) parts.push(size(memory, 10));
  return `${cut(node.name, NAME)}\n${cut(parts.join(" · "), FACTS)}`;
}

function cut(text, most) {
  const letters = [...text.replaceAll(/\p{C}/gu, "·")]; // control and direction characters
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : letters.join("");
}

// Custom properties hold both themes; what counts now is what an element gets of them.
function colours() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const tones = ["good", "warning", "bad", "unknown", "busy"];
  const names = ["text", "text-muted", "surface", "sunken", "border-strong", "control-border", "accent", "focus", "canvas"];
  const made = Object.fromEntries([...names, ...tones, ...tones.map((tone) => `${tone}-mark`)].map((name) => [name, found(name)]));
  probe.remove();
  return { ...made, still: made.unknown, "still-mark": made["control-border"] };
}

function styles(ink) {
  const toneOf = (node) => ink[`${node.data("tone")}-mark`] ?? ink["unknown-mark"];
  const sans = getComputedStyle(document.body).fontFamily;
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle", width: WIDTH, height: HEIGHT,
        "background-color": ink.surface, "border-width": 1.5, "border-color": toneOf,
        "border-style": (node) => (node.data("tone") === "unknown" ? "dashed" : "solid"),
        "background-image": (node) => picture(node.data("kind"), ink["text-muted"]),
        "background-width": 16, "background-height": 16, "background-position-x": 10, "background-position-y": "50%",
        label: "data(label)", "text-wrap": "wrap", "text-max-width": 2 * WIDTH, "text-valign": "center", "text-halign": "right",
        "text-justification": "left", "text-margin-x": INSET - WIDTH, "line-height": 1.2,
        "font-family": sans, "font-size": 11, color: ink.text, "min-zoomed-font-size": 5,
      },
    },
    {
      selector: "node[?backup]",
      style: {
        "background-image": (node) => [picture(node.data("kind"), ink["text-muted"]), picture(`backup ${node.data("backup").tone}`, ink[`${node.data("backup").tone}-mark`])],
        "background-width": [16, 13], "background-height": [16, 13], "background-position-x": [10, WIDTH - 19], "background-position-y": ["50%", 5],
        "background-fit": ["none", "none"], "background-clip": ["node", "node"],
      },
    },
    { selector: "node[?collapsed]", style: { "border-width": 3, "border-style": "double" } },
    { selector: "node[tone = 'bad']", style: { "border-width": 2.5 } },
    {
      selector: "edge",
      style: {
        width: 1.2, "line-color": ink["control-border"], "target-arrow-color": ink["control-border"], "target-arrow-shape": "triangle",
        "arrow-scale": 0.7, "curve-style": "taxi", "taxi-direction": "rightward", "taxi-turn": "50%", "taxi-turn-min-distance": 8,
        display: (edge) => (edge.data("implied") ? "none" : "element"),
      },
    },
    {
      selector: "edge[kind = 'depends-on']",
      style: { "line-style": "dashed", "curve-style": "unbundled-bezier", "control-point-distances": 46, "control-point-weights": 0.5, "source-endpoint": "270deg", "target-endpoint": "270deg" },
    },
    { selector: "edge[kind = 'backs-up-to']", style: { "line-style": "dotted" } },
    { selector: ".pale", style: { opacity: 0.22 } },
    { selector: "edge.near", style: { display: "element", width: 2, "line-color": ink.accent, "target-arrow-color": ink.accent, "z-index": 5 } },
    { selector: "node.affected", style: { "background-color": ink.sunken, "border-color": ink["warning-mark"], "border-width": 3, "border-style": "dashed" } },
    { selector: "node.stops", style: { "background-color": ink.sunken, "border-color": ink["bad-mark"], "border-width": 3.5, "border-style": "solid" } },
    { selector: "node.found", style: { "outline-width": 2, "outline-color": ink.accent, "outline-offset": 2 } },
    { selector: "node.chosen", style: { "outline-width": 3, "outline-color": ink.focus, "outline-offset": 3, opacity: 1 } },
  ];
}
