// Builds elements. Text only ever becomes a text node: names and logs come from hosts.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== ""));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

export function pill(state, word = state.replaceAll("_", " ")) {
  return el("span", { class: "pill", "data-state": state }, el("span", { class: "word" }, word));
}

// A state with its age (an element) and its source.
export function toldPill(state, word, age, source) {
  const made = pill(state, word);
  made.title = `Source: ${source}`;
  if (age) made.append(" ", el("span", { class: "age" }, age));
  return made;
}

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export const csrfToken = () =>
  document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";

export const root = () => document.documentElement.dataset.root;
