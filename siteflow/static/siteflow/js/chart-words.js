// How charts word amounts and times; `templatetags/charts.py` says amounts the same way.

import { serverNow } from "./time.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

function size(bytes) {
  let amount = bytes;
  let place = 0;
  while (amount >= 1024 && place < UNITS.length - 1) {
    amount /= 1024;
    place += 1;
  }
  return `${amount >= 100 || place === 0 ? amount.toFixed(0) : amount.toFixed(1)} ${UNITS[place]}`;
}

export function amount(value, unit) {
  if (value == null) return "–";
  if (unit === "bytes") return size(value);
  if (unit === "rate") return `${size(value)}/s`;
  const number = Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
  return unit === "percent" ? `${number} %` : number;
}

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const MINUTES = new Intl.DateTimeFormat([], TIME);
const SECONDS = new Intl.DateTimeFormat([], { ...TIME, second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });

const DAY_S = 86_400;

// The words below an axis of time; `step` is how far they are apart, in seconds.
export function ticks(moments, step) {
  return moments.map((moment) => {
    const at = new Date(moment * 1000);
    if (step >= 28 * DAY_S) return MONTH.format(at);
    if (step >= DAY_S) return DAY.format(at);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    if (midnight) return DAY.format(at);
    return (step < 60 ? SECONDS : MINUTES).format(at);
  });
}

// When a point was, as exactly as its step is: of a step of an hour nobody wants the seconds.
export function moment(seconds, step) {
  const at = new Date(seconds * 1000);
  const today = at.toDateString() === new Date(serverNow()).toDateString();
  const time = (step < 60 ? SECONDS : MINUTES).format(at);
  return today ? time : `${DAY.format(at)} ${time}`;
}

export const clockWithSeconds = (at) => SECONDS.format(at);
