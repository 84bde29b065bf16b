// Plays a recording (asciicast v2): play and pause, speed, and any place in it.

import { csrfToken, setText } from "./dom.js";
import { Screen } from "./terminal-screen.js";

const card = document.querySelector("[data-replay]");
const part = (name) => card.querySelector(`[data-replay-${name}]`);
const PAUSE_S = 1; // what longer pauses become when they are skipped
let screen = null;
let size = { cols: Number(card.dataset.cols), rows: Number(card.dataset.rows) };
let events = []; // seconds, kind, text; seconds without pauses when they are skipped
let told = [];
let place = 0; // seconds
let next = 0;
let drawnAt = 0;
let playing = false;

async function load() {
  const answer = await fetch(card.dataset.replay, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
  if (!answer.ok) return note(`The recording cannot be read: error ${answer.status}.`);
  const [head, ...lines] = (await answer.text()).split("\n").filter(Boolean);
  const { width, height } = JSON.parse(head);
  size = { cols: width, rows: height };
  told = lines.map((line) => JSON.parse(line));
  screen = new Screen(part("space"), { ...size, readOnly: true });
  retime();
  for (const name of ["play", "seek"]) part(name).disabled = false;
  card.dataset.events = told.length;
}

function retime() {
  const skip = part("skip").checked;
  let before = 0;
  let at = 0;
  events = told.map(([seconds, kind, text]) => {
    at += skip ? Math.min(seconds - before, PAUSE_S) : seconds - before;
    before = seconds;
    return [at, kind, text];
  });
  part("seek").max = length();
  seek(Math.min(place, length()));
}

const length = () => events.at(-1)?.[0] ?? 0;

function seek(seconds) {
  screen.xterm.reset();
  screen.xterm.resize(size.cols, size.rows);
  next = 0;
  place = seconds;
  draw();
}

// Everything up to the place we are at, as one piece of text.
function draw() {
  let text = "";
  while (next < events.length && events[next][0] <= place) {
    const [, kind, data] = events[next++];
    if (kind === "o") text += data;
    else if (kind === "r") {
      screen.xterm.write(text);
      text = "";
      screen.xterm.resize(...data.split("x").map(Number));
    } else if (kind === "m") note(data);
  }
  screen.xterm.write(text);
  part("seek").value = place;
  setText(part("time"), `${clock(place)} of ${clock(length())}`);
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function step(now) {
  if (!playing) return;
  place = Math.min(length(), place + ((now - drawnAt) / 1000) * Number(part("speed").value));
  drawnAt = now;
  draw();
  if (next >= events.length) return play(false);
  requestAnimationFrame(step);
}

function play(yes) {
  playing = yes;
  setText(part("play").querySelector("span"), yes ? "Pause" : "Play");
  if (!yes) return;
  if (next >= events.length) seek(0);
  drawnAt = performance.now();
  requestAnimationFrame(step);
}

function note(text) {
  setText(part("notice"), text);
  part("notice").hidden = !text;
}

part("play").addEventListener("click", () => play(!playing));
part("seek").addEventListener("input", () => {
  play(false);
  seek(Number(part("seek").value));
});
part("skip").addEventListener("change", retime);
load();
