// A small drawing for each kind of thing, so that kinds are told apart by shape.

const PATHS = {
  domain: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM2 8h12M8 2c2.2 1.8 3 3.8 3 6s-.8 4.2-3 6c-2.2-1.8-3-3.8-3-6s.8-4.2 3-6z",
  proxy: "M2 8h4M10 4h4M10 12h4M6 8l4-4M6 8l4 4",
  site: "M2 3.5h12v9H2zM2 6.3h12M4 4.9h.01",
  container: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6",
  network: "M8 2.2v3.3M3.5 13.5v-3h9v3M8 5.5v5M6.5 2.2h3M2 13.5h3M11 13.5h3",
  volume: "M3 4c0-1 2.2-1.8 5-1.8S13 3 13 4s-2.2 1.8-5 1.8S3 5 3 4zM3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8",
  host: "M2.5 2.5h11V7h-11zM2.5 9h11v4.5h-11zM5 4.75h.01M5 11.25h.01M8 4.75h3M8 11.25h3",
  nas: "M3 2.5h10v11H3zM3 6.2h10M3 9.9h10M10.5 4.3h.01M10.5 8h.01M10.5 11.7h.01",
  // the badge of a site's backups: a disk with a sign for each state
  "backup good": "M2 2.5h12v11H2zM5 8l2.2 2.2L11 5.8",
  "backup bad": "M2 2.5h12v11H2zM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8",
  "backup warning": "M2 2.5h12v11H2zM8 5v3.4M8 10.9h.01",
  "backup unknown": "M2 2.5h12v11H2zM6.5 6.4a1.6 1.6 0 1 1 2.3 1.4c-.5.3-.8.5-.8 1M8 11h.01",
};
const made = new Map();

export function picture(kind, colour) {
  const key = `${kind} ${colour}`;
  if (!made.has(key)) made.set(key, `data:image/svg+xml;utf8,${encodeURIComponent(svg(PATHS[kind] ?? PATHS.container, colour))}`);
  return made.get(key);
}

function svg(path, colour) {
  const pen = `fill="none" stroke="${colour}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32" viewBox="0 0 16 16" ${pen}><path d="${path}"/></svg>`;
}
