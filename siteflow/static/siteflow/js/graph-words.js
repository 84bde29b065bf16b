// Sizes and links in words.

export function size(bytes, least = 100) {
  let amount = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB", "TiB"]) {
    if (amount < 1024 || unit === "TiB") return `${amount >= least || unit === "B" ? amount.toFixed(0) : amount.toFixed(1)} ${unit}`;
    amount /= 1024;
  }
  return "";
}

export const LINKS = {
  routes: "leads to",
  "runs-on": "runs on",
  connects: "is connected to",
  mounts: "mounts",
  "backs-up-to": "is backed up to",
  "depends-on": "depends on",
};

export const BECAUSE = {
  routes: "it is reached through it",
  "runs-on": "it runs on it",
  connects: "it is connected to it",
  mounts: "it mounts it",
  "backs-up-to": "it is backed up to it",
  "depends-on": "it depends on it",
};

// As the pills of the console have them: see pill.css.
export const LOOKS = { good: "passed", warning: "warning", bad: "failed", unknown: "unknown", busy: "working", still: "exited" };
