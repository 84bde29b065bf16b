// A line of a log as pieces of text with class names. Nothing of it is ever markup: colours become
// classes of ours, all other control sequences go, and what cannot be seen is made visible.

const SEQUENCE = /\x1b(?:\[([0-9;:]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g;
const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const ON = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse" };
const OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"] };

export function visible(text) {
  return text.replace(HIDDEN, (sign) => {
    const code = sign.codePointAt(0);
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

export function pieces(text) {
  if (!text.includes("\x1b")) return [{ text: visible(text), style: "" }];
  const found = [];
  const look = { on: new Set(), front: "", back: "" };
  let at = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    add(found, text.slice(at, match.index), look);
    if (match[2] === "m") change(look, match[1]);
    at = match.index + match[0].length;
  }
  add(found, text.slice(at), look);
  return found;
}

function add(found, text, look) {
  if (!text) return;
  const style = [...look.on].map((name) => `ansi-${name}`);
  if (look.front) style.push(`ansi-front-${look.front}`);
  if (look.back) style.push(`ansi-back-${look.back}`);
  found.push({ text: visible(text), style: style.join(" ") });
}

function change(look, codes) {
  const numbers = codes.split(/[;:]/).map((code) => Number(code) || 0);
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at];
    if (code === 38 || code === 48) {
      const colour = numbers[at + 1] === 5 && numbers[at + 2] < 16 ? String(numbers[at + 2]) : "";
      look[code === 38 ? "front" : "back"] = colour;
      at += numbers[at + 1] === 5 ? 2 : 4;
    } else one(look, code);
  }
}

function one(look, code) {
  if (code === 0) {
    look.on.clear();
    look.front = look.back = "";
  } else if (ON[code]) look.on.add(ON[code]);
  else if (OFF[code]) OFF[code].forEach((name) => look.on.delete(name));
  else if (code === 39) look.front = "";
  else if (code === 49) look.back = "";
  else if (code >= 30 && code <= 37) look.front = String(code - 30);
  else if (code >= 90 && code <= 97) look.front = String(code - 82);
  else if (code >= 40 && code <= 47) look.back = String(code - 40);
  else if (code >= 100 && code <= 107) look.back = String(code - 92);
}
