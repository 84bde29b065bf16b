// The form of a new site or container: what is wrong shows while one types, and a plan that was made of other
// values goes away. Without this script the same is told when the plan is asked for.

import { el } from "./dom.js";

const PAUSE_MS = 500;
const form = document.querySelector("form[data-checks]");
const touched = new Set();
let timer, asking;

form?.addEventListener("input", (event) => typed(event.target));
// What was typed before this script was there counts as well, and so does what a browser kept.
for (const field of form?.elements ?? []) if (isChanged(field)) typed(field);

function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  return "defaultValue" in field && field.value !== field.defaultValue;
}

function typed(field) {
  touched.add(field.name);
  for (const part of document.querySelectorAll("[data-plan]")) part.remove();
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE_MS);
}

async function check() {
  asking?.abort();
  asking = new AbortController();
  const body = new FormData(form);
  body.set("do", "check");
  try {
    const answer = await fetch(location.href, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      signal: asking.signal,
    });
    if (answer.ok && !answer.redirected) show((await answer.json()).errors);
  } catch {
    // typed on, or no connection: the server looks at all of it again when the plan is made
  }
}

// Only where something was typed: an empty field is no mistake before one comes to it.
function show(errors) {
  for (const name of touched) {
    const field = form.elements.namedItem(name);
    const box = field?.closest?.(".field");
    if (!box) continue;
    box.querySelector(".errorlist")?.remove();
    const words = errors[name];
    field.toggleAttribute("aria-invalid", Boolean(words));
    if (!words) continue;
    field.setAttribute("aria-invalid", "true");
    const list = el("ul", { class: "errorlist", role: "status" }, el("li", {}, words));
    (box.querySelector(".help") ?? box.lastElementChild).before(list);
  }
}
