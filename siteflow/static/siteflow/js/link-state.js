// Says in the bar whether what the page shows is live.

import { setText } from "./dom.js";
import { live } from "./live.js";
import { clock } from "./time.js";

const STALE_MS = Number(document.documentElement.dataset.staleAfterS) * 1000;

const WORDS = {
  connecting: () => "connecting",
  live: () => "live",
  reconnecting: () => `reconnecting in ${wait()} s`,
  offline: () => `offline since ${clock(new Date(live.since ?? Date.now()))}`,
};

const wait = () => Math.max(0, Math.ceil(((live.retryAt ?? 0) - Date.now()) / 1000));

export function showLinkState() {
  const shown = document.getElementById("link-state");
  if (!shown) return;
  shown.hidden = false;
  const show = () => {
    shown.dataset.state = live.state;
    setText(shown.querySelector("span"), WORDS[live.state]());
    shown.title = hint();
    const silent = live.state !== "live" && live.since !== null && Date.now() - live.since > STALE_MS;
    document.documentElement.toggleAttribute("data-stale", silent);
  };
  live.addEventListener("state", show);
  setInterval(() => live.state === "live" || show(), 500);
  show();
}

function hint() {
  if (live.state === "live") return "Changes appear here by themselves";
  if (live.reason) return live.reason;
  return live.retryAt ? `What is shown may be old; next attempt in ${wait()} s` : "";
}
