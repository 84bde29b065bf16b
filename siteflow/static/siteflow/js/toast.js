// A short word at the foot of the page; errors stay until they are closed.

import { el, icon } from "./dom.js";

const SHOWN_MS = 6000;

export function toast(kind, text, link = null) {
  const close = el("button", { type: "button", class: "icon-button", "aria-label": "Close" }, icon("close"));
  const note = el(
    "div",
    { class: `note ${kind}`, role: kind === "bad" ? "alert" : "status" },
    icon(kind === "bad" ? "bad" : kind === "good" ? "good" : "info"),
    el("div", {}, text, link ? " " : null, link ? el("a", { href: link.url }, link.text) : null),
    el("div", { class: "actions" }, close),
  );
  close.addEventListener("click", () => note.remove());
  document.getElementById("toasts").append(note);
  if (kind !== "bad") setTimeout(() => note.remove(), SHOWN_MS);
}
