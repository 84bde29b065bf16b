// The way to a log: comes back by itself after a cut and goes on behind the last line it got.

const SILENCE_MS = 45_000; // the server says something at least every 20 seconds
const BACK_OFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];

export class LogSocket {
  cursors = new Map(); // container → the last line's
  #path;
  #single;
  #options;
  #told;
  #socket = null;
  #failures = 0;
  #heard = 0;
  #timer = null;
  #ended = false;

  // `options()` is asked for at the first connection: what to begin with. `told` gets messages,
  // and {type: "lost"} and {type: "open"} of our own.
  constructor(path, { single, options, told }) {
    this.#path = path;
    this.#single = single;
    this.#options = options;
    this.#told = told;
    setInterval(() => this.#listenForSilence(), 5000);
    addEventListener("online", () => this.#now());
    addEventListener("pageshow", (event) => event.persisted && this.#now());
    addEventListener("pagehide", () => this.#socket?.close());
    document.addEventListener("visibilitychange", () => document.hidden || this.#now());
    this.#connect();
  }

  say(message) {
    const open = this.#socket?.readyState === WebSocket.OPEN;
    if (open) this.#socket.send(JSON.stringify(message));
    return open;
  }

  // Other filters: what was had before is sent anew.
  filter(filters) {
    this.cursors.clear();
    if (!this.say({ type: "filter", ...filters })) this.#told({ type: "filtered" });
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const query = new URLSearchParams({ levels: "1", ...this.#options() });
    if (this.cursors.size) query.set("after", this.#after());
    const socket = new WebSocket(`${scheme}//${location.host}${this.#path}?${query}`);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.addEventListener("message", (event) => socket === this.#socket && this.#received(event.data));
    socket.addEventListener("close", () => socket === this.#socket && this.#lost());
  }

  #after() {
    if (this.#single) return this.cursors.get(this.#single);
    return [...this.cursors].map(([container, cursor]) => `${container}:${cursor}`).join(",");
  }

  #received(text) {
    this.#heard = Date.now();
    const message = JSON.parse(text);
    if (message.type === "ping") return this.say({ type: "pong" });
    if (message.type === "begin") this.#failures = 0;
    if (message.type === "error" && message.fatal) this.#ended = !message.reconnect;
    if (message.type === "at") this.cursors.set(message.container, message.cursor);
    this.#told(message);
  }

  #lost() {
    this.#socket = null;
    if (this.#ended) return this.#told({ type: "ended" });
    const limit = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), limit * (0.5 + Math.random()));
    this.#told({ type: "lost" });
  }

  #now() {
    if (this.#ended || this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #listenForSilence() {
    if (!this.#socket || Date.now() - this.#heard < SILENCE_MS) return;
    const silent = this.#socket;
    this.#lost(); // a dead connection may take minutes to close
    silent.close();
  }
}
