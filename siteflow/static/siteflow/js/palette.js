// Ctrl-K: pages, commands, sites, hosts and containers by name.

import { el, icon, root } from "./dom.js";
import { choose } from "./menus.js";

const WAIT_MS = 120;
const FOUND = 8;

let dialog, input, list, asking, timer;
let options = [];
let at = 0;

export function offerPalette() {
  dialog = document.getElementById("palette");
  if (!dialog) return;
  input = dialog.querySelector("input");
  list = dialog.querySelector("ul");
  for (const button of document.querySelectorAll("[data-palette]")) {
    button.hidden = false;
    button.addEventListener("click", open);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  input.addEventListener("input", typed);
  input.addEventListener("keydown", key);
}

function open() {
  input.value = "";
  dialog.showModal();
  show(commands(""));
}

function typed() {
  const text = input.value.trim();
  const own = commands(text);
  show(own);
  clearTimeout(timer);
  asking?.abort();
  if (text) timer = setTimeout(() => ask(text, own), WAIT_MS);
}

async function ask(text, own) {
  asking = new AbortController();
  const query = new URLSearchParams({ search: text, page_size: FOUND });
  const read = async (kind) => {
    const answer = await fetch(`/api/${kind}?${query}`, { signal: asking.signal });
    return answer.ok ? (await answer.json()).items : [];
  };
  try {
    const [sites, hosts, containers] = await Promise.all(["sites", "hosts", "containers"].map(read));
    show([...own, ...sites.map(siteOption), ...hosts.map(hostOption), ...containers.map(containerOption)]);
  } catch {
    // typed on, or no connection: the commands stay
  }
}

const go = (url) => () => location.assign(url);

const siteOption = (site) => ({
  group: "Sites",
  icon: "sites",
  text: site.name,
  where: `${site.domains[0]?.name ?? (site.managed ? site.stage : "unmanaged")} on ${site.host_name}`,
  run: go(`${root()}sites/site/${site.id}/change/`),
});

const hostOption = (host) => ({
  group: "Hosts",
  icon: "hosts",
  text: host.name,
  where: host.address,
  run: go(`${root()}sites/host/${host.id}/change/`),
});

const containerOption = (container) => ({
  group: "Containers",
  icon: "containers",
  text: container.name,
  where: `${container.state} on ${container.host_name}`,
  run: go(`${root()}sites/container/${container.id}/change/`),
});

function commands(text) {
  const pages = [...document.querySelectorAll("#side a.item")].map((link) => ({
    group: "Pages",
    icon: link.querySelector("use").getAttribute("href").split("#")[1],
    text: link.textContent.trim(),
    run: go(link.href),
  }));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...pages, ...others()].filter((option) => words.every((word) => option.text.toLowerCase().includes(word)));
}

function others() {
  const command = (text, name, run) => ({ group: "Commands", icon: name, text, run });
  return [
    command("Containers that need attention", "warning", go(`${root()}sites/container/?state=attention`)),
    command("Failed operations", "operations", go(`${root()}provisioning/operation/?status=failed`)),
    command("Light colours", "sun", () => choose("theme", "light")),
    command("Dark colours", "moon", () => choose("theme", "dark")),
    command("Colours as the system", "system", () => choose("theme", "system")),
    command("Compact rows", "rows", () => choose("density", "compact")),
    command("Comfortable rows", "menu", () => choose("density", "comfortable")),
    command("Log out", "logout", () => document.getElementById("logout-form").submit()),
  ];
}

function show(found) {
  options = found;
  at = 0;
  const lines = [];
  found.forEach((option, index) => {
    if (option.group !== found[index - 1]?.group) lines.push(el("li", { class: "group", role: "presentation" }, option.group));
    const line = el(
      "li",
      { role: "option", id: `palette-${index}`, "aria-selected": "false" },
      icon(option.icon),
      option.text,
      option.where ? el("span", { class: "where" }, option.where) : null,
    );
    line.addEventListener("click", () => run(index));
    line.addEventListener("mousemove", () => select(index));
    lines.push(line);
  });
  if (!found.length) lines.push(el("li", { class: "group", role: "presentation" }, "Nothing found"));
  list.replaceChildren(...lines);
  select(0);
}

function select(index) {
  at = index;
  for (const line of list.querySelectorAll("[role=option]")) {
    line.setAttribute("aria-selected", String(line.id === `palette-${at}`));
  }
  input.setAttribute("aria-activedescendant", options.length ? `palette-${at}` : "");
}

function key(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && options.length) {
    event.preventDefault();
    select((at + step + options.length) % options.length);
    document.getElementById(`palette-${at}`).scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter") {
    event.preventDefault();
    run(at);
  }
}

function run(index) {
  dialog.close();
  options[index]?.run();
}
