// Looking on at somebody else's terminal.

import { setText } from "./dom.js";
import { Screen, socketAt } from "./terminal-screen.js";

const card = document.querySelector("[data-watch]");
const state = card.querySelector("[data-watch-state]");
const screen = new Screen(card.querySelector("[data-watch-space]"), {
  cols: Number(card.dataset.cols),
  rows: Number(card.dataset.rows),
  readOnly: true,
});
let over = false;

function told(message) {
  if (message.type === "ping") socket.send('{"type":"pong"}');
  else if (message.type === "watching") setText(state, `Live, ${message.who}'s terminal`);
  else if (message.type === "resize") screen.xterm.resize(message.cols, message.rows);
  else if (message.type === "notice" || message.type === "error") {
    setText(state, message.message);
    over ||= Boolean(message.fatal);
  } else if (message.type === "ended") {
    over = true;
    setText(state, "The terminal has ended");
  }
}

const socket = socketAt(card.dataset.watch);
socket.binaryType = "arraybuffer";
socket.addEventListener("message", ({ data }) =>
  typeof data === "string" ? told(JSON.parse(data)) : screen.xterm.write(new Uint8Array(data)),
);
socket.addEventListener("close", () => over || setText(state, "The connection was lost; reload to look on again"));
