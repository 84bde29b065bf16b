// A chart's points: history as it came with the page, and after it what is measured each second.

const LOST_S = 5; // without a value though one comes each second: a gap, no line that goes on
const STEPS_LOST = 2.5;

export class Points {
  // `chart` is one of the page's JSON: lines with `min`, `avg` and `max`, one value a step.
  constructor(chart, at, stepS) {
    this.chart = chart;
    this.at = [...at];
    this.stepS = stepS;
    this.liveFrom = Infinity; // when the first live point was
    this.columns = chart.lines.flatMap((line) => [[...line.avg], [...line.max], [...line.min]]);
  }

  get all() {
    return [this.at, ...this.columns];
  }

  get isEmpty() {
    return this.columns.every((column) => column.every((value) => value === null));
  }

  // What was measured just now, by metric; with none of this chart's metrics it is a gap.
  add(atS, values) {
    const row = this.chart.lines.map((line) => values[line.metric] ?? null);
    const known = row.some((value) => value !== null);
    if (!known && this.liveFrom === Infinity) return false; // such as disks: measured otherwise
    if (atS <= this.at.at(-1)) return false;
    const last = this.at.at(-1);
    const patience = last >= this.liveFrom ? LOST_S : STEPS_LOST * this.stepS;
    if (atS - last > patience) this.#push((last + atS) / 2, row.map(() => null));
    if (known) this.liveFrom = Math.min(this.liveFrom, atS);
    this.#push(atS, row);
    return true;
  }

  forgetBefore(atS) {
    let old = 0;
    while (old < this.at.length && this.at[old] < atS) old += 1;
    if (old) for (const column of this.all) column.splice(0, old);
  }

  // The nearest step at or before `index` where `line` has a value.
  latest(line, index = this.at.length - 1) {
    const column = this.columns[3 * line];
    let place = index;
    while (place >= 0 && column[place] == null) place -= 1;
    return place;
  }

  summary(line, index) {
    const [avg, max, min] = [0, 1, 2].map((part) => this.columns[3 * line + part][index] ?? null);
    return { avg, max, min };
  }

  #push(atS, row) {
    this.at.push(atS);
    row.forEach((value, line) => {
      for (const part of [0, 1, 2]) this.columns[3 * line + part].push(value);
    });
  }
}
