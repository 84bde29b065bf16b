// xterm.js on our pages, whose policy lets no script put styles into them.

import { Terminal } from "../../vendor/xterm.js";
import { FitAddon } from "../../vendor/xterm-fit.js";

const create = document.createElement.bind(document);

// xterm makes style elements and writes rules into them. What it gets instead is an element that
// hands those to a style sheet made by script, which the policy allows.
function styleInstead() {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const stand = create("span");
  stand.hidden = true;
  const rules = { get: () => "", set: (text) => sheet.replaceSync(text) };
  Object.defineProperty(stand, "textContent", rules);
  Object.defineProperty(stand, "innerText", rules);
  const remove = stand.remove.bind(stand);
  stand.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return stand;
}

// Colours of single letters, which xterm writes as an attribute of theirs, are set as a property.
HTMLSpanElement.prototype.setAttribute = function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
};

document.createElement = (tag, options) => (tag === "style" ? styleInstead() : create(tag, options));

const THEME = { background: "#101319", foreground: "#e7eaef", cursor: "#9db0ff" };

export class Screen {
  constructor(space, { cols, rows, readOnly = false } = {}) {
    this.space = space;
    this.xterm = new Terminal({
      convertEol: false,
      cursorBlink: !readOnly,
      disableStdin: readOnly,
      fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
      fontSize: 13,
      scrollback: 5000,
      theme: THEME,
      ...(cols ? { cols, rows } : {}),
    });
    this.fitting = new FitAddon();
    this.xterm.loadAddon(this.fitting);
    space.hidden = false;
    this.xterm.open(space);
    if (cols) space.classList.add("fixed");
    else this.#follow();
  }

  #follow() {
    this.fitting.fit();
    this.watching = new ResizeObserver(() => this.fitting.fit());
    this.watching.observe(this.space);
  }

  close() {
    this.watching?.disconnect();
    this.xterm.dispose();
  }
}

export const socketAt = (path) =>
  new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`);
