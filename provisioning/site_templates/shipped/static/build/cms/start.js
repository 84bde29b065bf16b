// Makes the pages, makes them anew whenever a file in /content changes, and takes what editors save.
// When one of the two programs ends, so does the container, and Docker starts it again.
import { spawn } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";

const CONTENT = "/content";
if (readdirSync(CONTENT).length === 0) {
  cpSync("/app/starter", CONTENT, { recursive: true });
}

const server = {
  MODE: "fs",
  GIT_REPO_DIRECTORY: CONTENT,
  BIND_HOST: "0.0.0.0",
  PORT: "8081",
  ORIGIN: process.env.SITE_URL || "http://localhost",
};
const programs = [
  ["node_modules/@11ty/eleventy/cmd.cjs", ["--watch", "--quiet"], {}],
  ["node_modules/decap-server/dist/index.js", [], server],
];
for (const [file, args, env] of programs) {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  child.on("exit", (code) => process.exit(code || 1));
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => process.exit(0));
}
