// The client's worker, but one that ends in the middle of a generation.

import "../worker.js";
import { isNode } from "../platform.js";

if (isNode) {
  const { parentPort } = await import("node:worker_threads");
  parentPort.on("message", ({ op }) => {
    if (op === "generate") process.exit(3);
  });
} else {
  addEventListener("message", ({ data }) => {
    if (data.op === "generate") close();
  });
}
