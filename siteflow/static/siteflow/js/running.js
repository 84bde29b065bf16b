// How many operations are under way, in the bar of every page.

import { setText } from "./dom.js";
import { live } from "./live.js";

const ACTIVE = new Set(["queued", "running"]);
const known = new Map(); // id → version
const active = new Set();

export function countRunning() {
  const shown = document.getElementById("running-count");
  if (!shown) return;
  const take = (item) => {
    if ((known.get(item.id) ?? 0) > item.version) return;
    known.set(item.id, item.version);
    if (ACTIVE.has(item.status)) active.add(item.id);
    else active.delete(item.id);
  };
  const show = () => {
    shown.dataset.count = active.size;
    setText(shown.querySelector(".n"), String(active.size));
  };
  live.on("subscribed", (message) => {
    if (message.topic !== "operations") return;
    active.clear();
    message.items.forEach(take);
    show();
  });
  live.on("operations.update", (message) => {
    message.items.forEach(take);
    show();
  });
  live.want("operations");
}
