// The lines on the page: as many as stay quick, at their end unless somebody scrolled up.

import { el } from "./dom.js";
import { pieces } from "./log-ansi.js";

const MAX_SHOWN = 5000;
const MAX_WAITING = 20_000;

export class LogView {
  search = "";
  names = new Map(); // containers, when there are several
  #box;
  #list;
  #onWaiting;
  #paused = false;
  #waiting = [];
  #due = false;

  constructor(box, { onWaiting }) {
    this.#box = box;
    this.#list = box.querySelector("ol");
    this.#onWaiting = onWaiting;
    box.addEventListener("scroll", () => this.#waiting.length && this.#atEnd() && this.#soon());
  }

  get paused() {
    return this.#paused;
  }

  pause(paused) {
    this.#paused = paused;
    this.#soon();
  }

  toEnd() {
    this.#paused = false;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#soon();
  }

  clear() {
    this.#waiting = [];
    this.#list.replaceChildren();
    this.#onWaiting(0);
  }

  // Rows as they come over the socket, or an element that stands between them.
  add(...items) {
    this.#waiting.push(...items);
    if (this.#waiting.length > MAX_WAITING) {
      const gone = this.#waiting.splice(0, this.#waiting.length - MAX_SHOWN);
      this.#waiting.unshift(note(`${gone.length} lines went by while this stood still; read them in the file.`));
    }
    this.#soon();
  }

  #soon() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#show();
    });
  }

  #atEnd() {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < 40;
  }

  #show() {
    if (this.#waiting.length && !this.#paused && this.#atEnd()) {
      const items = this.#waiting.splice(0).slice(-MAX_SHOWN);
      this.#list.append(...items.map((item) => (item instanceof Node ? item : this.line(item))));
      while (this.#list.childElementCount > MAX_SHOWN) this.#list.firstElementChild.remove();
      this.#box.scrollTop = this.#box.scrollHeight;
    }
    this.#onWaiting(this.#waiting.length);
  }

  line([at, , stream, text, level, container]) {
    const time = el("time", { datetime: at }, at.slice(11, 23));
    const from = this.names.size > 1 ? el("span", { class: "from" }, this.names.get(container) ?? "") : null;
    const said = el("span", { class: "said" }, ...pieces(text).flatMap((piece) => this.#marked(piece)));
    return el("li", { "data-stream": stream, "data-level": level ?? "" }, time, from, said);
  }

  #marked({ text, style }) {
    const parts = this.search ? split(text, this.search) : [text];
    const nodes = parts.map((part, index) => (index % 2 ? el("mark", {}, part) : part)).filter((part) => part !== "");
    return style ? [el("span", { class: style }, ...nodes)] : nodes;
  }
}

export function note(words, button = null) {
  return el("li", { class: "log-note" }, el("span", { class: "said" }, words, button ? " " : "", button));
}

// Text, match, text, match, … in any case.
function split(text, wanted) {
  const found = [];
  const lower = text.toLowerCase();
  const needle = wanted.toLowerCase();
  if (lower.length !== text.length) return [text]; // some letters change their length
  let at = 0;
  for (let next = lower.indexOf(needle); next >= 0; next = lower.indexOf(needle, at)) {
    found.push(text.slice(at, next), text.slice(next, next + needle.length));
    at = next + needle.length;
  }
  return [...found, text.slice(at)];
}
