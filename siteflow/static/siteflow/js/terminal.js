// A terminal in a container or on a host: bytes both ways, control as JSON.

import { setText } from "./dom.js";
import { Screen, socketAt } from "./terminal-screen.js";

const card = document.querySelector("[data-terminal]");
const part = (name) => card?.querySelector(`[data-terminal-${name}]`);
const form = part("start");
const notice = part("notice");
const encoder = new TextEncoder();
let screen = null;
let socket = null;
let over = false;
let unconfirmed = 0;

const CONFIRM_BYTES = 64 * 1024;

function words(text) {
  setText(part("state"), text);
}

function note(text) {
  setText(notice, text);
  notice.hidden = !text;
}

// A command as people write it: words, quoted where they hold spaces.
function argv(text) {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) => found[1] ?? found[2] ?? found[3]);
}

function open() {
  screen?.close();
  screen = new Screen(part("space"));
  screen.xterm.textarea.setAttribute("aria-describedby", "terminal-keys");
  screen.xterm.attachCustomKeyEventHandler(onKey);
  screen.xterm.onData((text) => send(encoder.encode(text)));
  screen.xterm.onBinary((text) => send(Uint8Array.from(text, (one) => one.charCodeAt(0))));
  screen.xterm.onResize(({ cols, rows }) => say({ type: "resize", cols, rows }));
  over = false;
  unconfirmed = 0;
  note("");
  words("Opening …");
  running(true);
  socket = socketAt(card.dataset.terminal);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", start);
  socket.addEventListener("message", ({ data }) => (typeof data === "string" ? told(JSON.parse(data)) : show(data)));
  socket.addEventListener("close", lost);
}

function start() {
  const { cols, rows } = screen.xterm;
  const field = (name) => form.elements[name]?.value.trim() ?? "";
  const command = argv(field("command"));
  say({
    type: "start", cols, rows, confirms: true,
    ...(command.length ? { command } : {}),
    ...(field("user") ? { user: field("user") } : {}),
    ...(field("workdir") ? { workdir: field("workdir") } : {}),
  });
}

// What was drawn is confirmed, so that a flood waits on the host and not in this page.
function show(data) {
  screen.xterm.write(new Uint8Array(data), () => {
    unconfirmed += data.byteLength;
    if (unconfirmed < CONFIRM_BYTES) return;
    say({ type: "confirm", size: unconfirmed });
    unconfirmed = 0;
  });
}

function told(message) {
  if (message.type === "ping") say({ type: "pong" });
  else if (message.type === "started") {
    words(`${message.shell} runs`);
    screen.xterm.focus();
    say({ type: "resize", cols: screen.xterm.cols, rows: screen.xterm.rows });
  } else if (message.type === "notice") note(message.message);
  else if (message.type === "error") {
    note(message.message);
    over ||= message.fatal;
  } else if (message.type === "ended") {
    over = true;
    words(message.exit_code === null ? "Ended" : `Ended with exit code ${message.exit_code}`);
  }
}

function lost() {
  socket = null;
  running(false);
  if (over) {
    if (part("state").textContent.includes("…")) words("Not opened");
    return;
  }
  words("The connection was lost");
  note("The connection was lost, and what ran here is ended. Open it again to go on.");
}

function running(yes) {
  part("open").hidden = yes;
  part("close").hidden = !yes;
  for (const input of form.querySelectorAll("input")) input.disabled = yes;
}

function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

const PIECE = 32 * 1024;

function send(bytes) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  for (let at = 0; at < bytes.length; at += PIECE) socket.send(bytes.slice(at, at + PIECE));
}

function onKey(event) {
  if (event.type !== "keydown" || !event.ctrlKey) return true;
  if (event.key === "F6") {
    part("close").focus();
  } else if (event.shiftKey && event.code === "KeyC") {
    navigator.clipboard?.writeText(screen.xterm.getSelection());
  } else if (event.shiftKey && event.code === "KeyV") {
    return false; // the browser pastes, which xterm hears of
  } else return true;
  event.preventDefault();
  return false;
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!socket) open();
  });
  part("close").addEventListener("click", () => say({ type: "close" }));
  addEventListener("pagehide", () => socket?.close());
}
