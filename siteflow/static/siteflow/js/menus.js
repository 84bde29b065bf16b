// Menus close like menus do; the theme, the density, copying, ticks for bulk actions.

import { setText } from "./dom.js";

export function makeMenusClose() {
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    open?.querySelector("summary").focus();
    closeMenus(null);
  });
  for (const element of document.querySelectorAll("[data-scripted]")) element.hidden = false;
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

const OPTIONS = {
  theme: { attribute: "theme", none: "system" },
  density: { attribute: "density", none: "comfortable" },
};

export function choose(name, value) {
  const { attribute, none } = OPTIONS[name];
  const data = document.documentElement.dataset;
  if (value === none) delete data[attribute];
  else data[attribute] = value;
  try {
    if (value === none) localStorage.removeItem(`siteflow.${name}`);
    else localStorage.setItem(`siteflow.${name}`, value);
  } catch {
    // no storage: it counts for this page
  }
  showChoices();
}

export function offerChoices() {
  for (const name of Object.keys(OPTIONS)) {
    for (const button of document.querySelectorAll(`[data-${name}-to]`)) {
      button.addEventListener("click", () => choose(name, button.dataset[`${name}To`]));
    }
  }
  showChoices();
}

function showChoices() {
  for (const [name, { attribute, none }] of Object.entries(OPTIONS)) {
    const chosen = document.documentElement.dataset[attribute] ?? none;
    for (const button of document.querySelectorAll(`[data-${name}-to]`)) {
      button.setAttribute("aria-pressed", String(button.dataset[`${name}To`] === chosen));
    }
  }
}

export function offerCopy() {
  const show = () => document.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));
  show();
  document.addEventListener("refreshed", show);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    const label = button.lastChild;
    const before = label.textContent;
    label.textContent = " Copied";
    setTimeout(() => (label.textContent = before), 1500);
  });
}

export function offerBulk() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  const boxes = () => [...document.querySelectorAll("input.action-select")];
  const all = document.getElementById("select-all");
  const across = bar.querySelector("[data-across]");
  const wanted = bar.querySelector("[name=select_across]");
  const show = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    const whole = ticked > 0 && ticked === boxes().length;
    if (!whole) wanted.value = "0";
    bar.hidden = ticked === 0;
    all.checked = whole;
    all.indeterminate = ticked > 0 && !whole;
    across.hidden = !whole || wanted.value === "1" || Number(across.dataset.across) <= ticked;
    const number = wanted.value === "1" ? across.dataset.across : ticked;
    setText(bar.querySelector("[data-chosen]"), `${number} selected`);
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    boxes().forEach((box) => (box.checked = all.checked));
    show();
  });
  across.addEventListener("click", () => {
    wanted.value = "1";
    show();
  });
  document.addEventListener("change", (event) => event.target.matches("input.action-select") && show());
  show();
}
