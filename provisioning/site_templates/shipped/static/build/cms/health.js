// Healthy: the first page is there, and the server for editors answers.
import { existsSync } from "node:fs";

const options = {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ action: "info" }),
};
const answer = await fetch("http://127.0.0.1:8081/api/v1", options).catch(() => null);
process.exit(answer?.ok && existsSync("/public/index.html") ? 0 : 1);
