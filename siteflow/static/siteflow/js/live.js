// The page's one socket: subscribes, notices silence, comes back by itself and reads the truth anew.

const SILENCE_MS = 45_000; // the server says something at least every 20 seconds
const BACK_OFF_MS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000];
const OFFLINE_AFTER = 4; // failed attempts in a row

class Live extends EventTarget {
  state = "connecting";
  since = null; // when the connection was lost
  retryAt = null;
  reason = "";
  #socket = null;
  #wishes = new Map();
  #handlers = new Map();
  #failures = 0;
  #heard = 0;
  #timer = null;
  #given = false; // the server said not to come back

  start() {
    setInterval(() => this.#listenForSilence(), 5000);
    addEventListener("online", () => this.reconnectNow());
    addEventListener("pagehide", () => this.#socket?.close());
    addEventListener("pageshow", (event) => event.persisted && this.reconnectNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.reconnectNow());
    this.#connect();
  }

  on(type, handler) {
    if (!this.#handlers.has(type)) this.#handlers.set(type, new Set());
    this.#handlers.get(type).add(handler);
  }

  // `options()` is asked for at every subscription: {ids} to get only those, {after} a line number.
  want(topic, options = () => ({})) {
    this.#wishes.set(topic, options);
    this.#subscribe(topic);
  }

  // Only its changes, unless somebody already wants more of it.
  hear(topic) {
    if (!this.#wishes.has(topic)) this.want(topic, () => ({ ids: [] }));
  }

  unwant(topic) {
    if (this.#wishes.delete(topic)) this.#send({ type: "unsubscribe", topic });
  }

  reconnectNow() {
    if (this.#given || this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/ws`);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#received(event.data));
    socket.addEventListener("close", () => socket === this.#socket && this.#lost());
  }

  #opened() {
    this.#heard = Date.now();
    for (const topic of this.#wishes.keys()) this.#subscribe(topic);
  }

  #received(text) {
    this.#heard = Date.now();
    if (this.state !== "live") {
      const again = this.since !== null;
      this.#failures = 0;
      this.since = this.retryAt = null;
      this.#become("live");
      if (again) this.#tell({ type: "reconnected" });
    }
    const message = JSON.parse(text);
    if (message.type === "ping") return this.#send({ type: "pong" });
    if (message.type === "error" && message.fatal) {
      this.#given = true;
      this.reason = message.message;
    }
    this.#tell(message);
  }

  #tell(message) {
    for (const handler of this.#handlers.get(message.type) ?? []) handler(message);
  }

  #lost() {
    this.#socket = null;
    this.since ??= Date.now();
    if (this.#given) return this.#become("offline");
    const limit = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)];
    const pause = limit * (0.5 + Math.random()); // not all pages of all people at once
    this.#failures += 1;
    this.retryAt = Date.now() + pause;
    this.#timer = setTimeout(() => this.#connect(), pause);
    this.#become(this.#failures > OFFLINE_AFTER ? "offline" : "reconnecting");
  }

  #listenForSilence() {
    if (!this.#socket || Date.now() - this.#heard < SILENCE_MS) return;
    const silent = this.#socket;
    this.#lost(); // a dead connection may take minutes to close
    silent.close();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #subscribe(topic) {
    const options = this.#wishes.get(topic);
    if (options) this.#send({ type: "subscribe", topic, ...options() });
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

export const live = new Live();
