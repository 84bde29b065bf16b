// Asks the server to start something. Says why when it does not; the caller follows what began.

import { csrfToken, root } from "./dom.js";
import { toast } from "./toast.js";

export async function start(url, body = new FormData()) {
  body.set("csrfmiddlewaretoken", csrfToken());
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    toast("bad", "SiteFlow cannot be reached; nothing was started.");
    return null;
  }
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  if (answer.redirected && !isJson) {
    toast("bad", "Your session has ended.", { text: "Log in", url: root() });
    return null;
  }
  const told = isJson ? await answer.json() : {};
  if (answer.ok) return told;
  const holder = told.error?.details?.operation;
  toast(
    "bad",
    told.error?.message ?? `It was not started (${answer.status}).`,
    holder && { text: `Watch operation ${holder}`, url: `${root()}provisioning/operation/${holder}/change/` },
  );
  return null;
}
