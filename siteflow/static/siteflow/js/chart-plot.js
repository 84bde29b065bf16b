// One chart: lines with a band between least and greatest value, marks, and what is read from it.

import uPlot from "../../vendor/uplot.js";
import { amount, moment, ticks } from "./chart-words.js";
import { el, setText } from "./dom.js";

const HEIGHT = 190;
const AXIS = 68; // the same in all charts, so that times stand below each other
const NEAR_PX = 5;
const LIMIT_SHOWN = 3; // a limit further up than so many times what is used would flatten it
const BINARY = Array.from({ length: 51 }, (_, power) => 2 ** power);

export class Plot {
  // `span()` gives the ends of the axis of time, in seconds of the epoch.
  constructor(card, points, { marks, span }) {
    this.points = points;
    this.#card = card;
    this.#box = card.querySelector("[data-plot]");
    this.#marks = marks;
    this.#span = span;
    this.#lines = this.#legend();
    this.#spoken = el("p", { class: "visually-hidden", role: "status" });
    this.#box.after(this.#spoken);
    this.#box.setAttribute("tabindex", "0");
    this.#box.setAttribute("role", "group");
    this.#box.setAttribute("aria-roledescription", "chart");
    this.#box.setAttribute("aria-label", `${points.chart.title} over time. Left and right arrow keys read its values.`);
    this.#box.addEventListener("keydown", this.#onKey);
    this.#watch = new ResizeObserver(() => this.#fit());
    this.#draw();
    this.#watch.observe(this.#box);
  }

  #card; #box; #marks; #span; #lines; #spoken; #watch; #plot; #place = null;

  // With the points as they are now.
  redraw() {
    this.#box.toggleAttribute("data-empty", this.points.isEmpty);
    this.#plot.setData(this.points.all);
    this.#read(this.#plot.cursor.idx);
  }

  // In the colours of now: they have changed with the theme.
  recolour() {
    this.#plot.destroy();
    this.#draw();
  }

  destroy() {
    this.#watch.disconnect();
    this.#plot.destroy();
  }

  #draw() {
    const colours = coloursOf(this.#card);
    this.#plot = new uPlot(this.#options(colours), this.points.all, this.#box);
    this.redraw();
  }

  #fit() {
    const width = this.#box.clientWidth;
    if (width && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  #options(colours) {
    const { chart } = this.points;
    const axis = { stroke: colours.text, font: colours.font, ticks: { show: false } };
    const binary = chart.unit === "bytes" || chart.unit === "rate";
    const lines = { stroke: colours.grid, width: 1 };
    return {
      width: this.#box.clientWidth || 300,
      height: HEIGHT,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "charts" }, points: { size: 7 } },
      scales: { x: { range: () => this.#span() }, y: { range: (plot, low, high) => this.#height(high) } },
      axes: [
        { ...axis, size: 30, space: 70, grid: { show: false }, values: (plot, at, number, space, step) => ticks(at, step) },
        { ...axis, size: AXIS, space: 36, grid: lines, values: (plot, values) => values.map((value) => amount(value, chart.unit)), ...(binary && { incrs: BINARY }) },
      ],
      series: [{}, ...chart.lines.flatMap((line, place) => this.#series(line, place, colours))],
      bands: chart.lines.map((line, place) => ({ series: [3 * place + 2, 3 * place + 3], fill: faint(colours.lines[line.colour]) })),
      hooks: { draw: [(plot) => this.#drawMarks(plot, colours)], setCursor: [(plot) => this.#read(plot.cursor.idx)] },
    };
  }

  #series(line, place, colours) {
    const stroke = colours.lines[line.colour];
    const alone = (plot, number) => loneOnes(plot.data[number]);
    const shown = {
      stroke,
      width: line.limit ? 1 : 1.5,
      ...(line.limit && { dash: [5, 4] }),
      points: { show: () => false, filter: line.limit ? () => null : alone, size: 4, fill: stroke },
    };
    const edge = { stroke: null, width: 0, points: { show: false } };
    return [shown, edge, edge];
  }

  #height(high) {
    const { chart } = this.points;
    const used = chart.lines.flatMap((line, place) => (line.limit ? [] : [greatest(this.points.columns[3 * place + 1])]));
    const limits = chart.lines.flatMap((line, place) => (line.limit ? [greatest(this.points.columns[3 * place])] : []));
    const top = Math.max(...used, 0);
    const reach = limits.filter((limit) => limit <= LIMIT_SHOWN * top);
    const least = { percent: 1, bytes: 1024 * 1024, rate: 1024, count: 1 }[chart.unit];
    return [0, Math.max(least, 1.08 * Math.max(top, ...reach))];
  }

  #drawMarks(plot, colours) {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const mark of this.#marks) {
      const left = Math.round(plot.valToPos(mark.at, "x", true));
      if (left < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = colours.marks[mark.kind];
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(mark.kind === "release" ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(left, bbox.top, 3 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  }

  #legend() {
    const rows = this.points.chart.lines.map((line) => {
      const value = el("dd");
      const sign = el("span", { class: "chart-sign", "data-colour": line.colour, "data-limit": line.limit });
      return { row: el("div", {}, el("dt", {}, sign, line.label), value), value };
    });
    this.#card.querySelector("[data-chart-lines]").replaceChildren(...rows.map(({ row }) => row));
    return rows.map(({ value }) => value);
  }

  // What stands at a point, or without one what was measured last.
  #read(index) {
    const { points } = this;
    const { unit } = points.chart;
    const words = [];
    points.chart.lines.forEach((line, place) => {
      const at = index ?? points.latest(place);
      const { avg, min, max } = points.summary(place, at);
      const varies = !line.limit && avg !== null && max !== min;
      const text = varies ? `${amount(avg, unit)} (${amount(min, unit)} – ${amount(max, unit)})` : amount(avg, unit);
      setText(this.#lines[place], text);
      words.push(`${line.label} ${text}`);
    });
    const marks = index == null ? [] : this.#near(index);
    const live = index != null && points.at[index] >= points.liveFrom;
    const when = index == null ? "" : moment(points.at[index], live ? 1 : points.stepS);
    setText(this.#card.querySelector("[data-chart-at]"), [when, ...marks].filter(Boolean).join(" · "));
    return [when, ...words, ...marks].join(", ");
  }

  // The words of marks that stand where the cursor is.
  #near(index) {
    const plot = this.#plot;
    const left = plot.cursor.left ?? plot.valToPos(this.points.at[index], "x");
    return this.#marks.filter((mark) => Math.abs(plot.valToPos(mark.at, "x") - left) <= NEAR_PX).map((mark) => mark.label);
  }

  #onKey = (event) => {
    const { at } = this.points;
    const end = at.length - 1;
    const from = this.#plot.cursor.idx ?? this.#place ?? end + 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: end }[event.key];
    if (to === undefined || end < 0) return;
    event.preventDefault();
    this.#place = Math.min(end, Math.max(0, to));
    const left = this.#plot.valToPos(at[this.#place], "x");
    this.#plot.setCursor({ left, top: 1 }, true, true);
    setText(this.#spoken, this.#read(this.#place));
  };
}

const greatest = (column) => column.reduce((most, value) => (value > most ? value : most), 0);

// Points with nothing beside them: no line would show them.
function loneOnes(column) {
  const found = [];
  column.forEach((value, place) => {
    if (value != null && column[place - 1] == null && column[place + 1] == null) found.push(place);
  });
  return found.length ? found : null;
}

const faint = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.16)");

// A canvas knows no custom properties: they are looked up as what they are now.
function coloursOf(card) {
  const probe = el("span");
  card.append(probe);
  const now = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    text: now("text-muted"),
    grid: now("border"),
    font: `11px ${getComputedStyle(card).fontFamily}`,
    lines: [1, 2, 3, 4].reduce((all, number) => ({ ...all, [number]: now(`series-${number}`) }), {}),
    marks: { release: now("good-mark"), operation: now("busy-mark"), failed: now("bad-mark") },
  };
  probe.remove();
  return found;
}
