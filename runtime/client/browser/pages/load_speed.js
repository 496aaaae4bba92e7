// Measures MB/s of the four ways below, in turn, and shows the medians. The model is
// at /large.slm; `?rounds=5`.

import { Pedigree } from "/client/pedigree.js";

const url = new URL("/large.slm", location.href);
const rounds = Number(new URLSearchParams(location.search).get("rounds") ?? 5);

const client = await Pedigree.start();
const size = (await fetch(url, { method: "HEAD" })).headers.get("Content-Length");
const sha256 = await client.sha256(url);

const ways = {
  "load, verified": async () => {
    await client.loadModel(url, { size: Number(size), sha256 });
  },
  "fetch and hash by the module": () => client.sha256(url),
  "fetch and hash by Web Crypto": async () => {
    const bytes = await (await fetch(url)).arrayBuffer();
    await crypto.subtle.digest("SHA-256", bytes);
  },
  "fetch": async () => {
    await (await fetch(url)).arrayBuffer();
  },
};

const rates = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round < rounds; ++round) {
  for (const [name, run] of Object.entries(ways)) {
    const begin = performance.now();
    await run();
    const seconds = (performance.now() - begin) / 1000;
    rates[name].push(Number(size) / 1e6 / seconds);
    if (name === "load, verified") await client.freeModel();
  }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

// Of each round by itself, so that what slows a round slows both.
function share(a, b) {
  return median(rates[a].map((rate, i) => rate / rates[b][i]));
}

const lines = Object.entries(rates).map(([name, values]) =>
  `${name}: ${median(values).toFixed(0)} MB/s` +
  ` (${values.map((value) => value.toFixed(0)).join(", ")})`);
const result = {
  text: lines.join("\n"),
  loadToModuleHash: share("load, verified", "fetch and hash by the module"),
  loadToWebCrypto: share("load, verified", "fetch and hash by Web Crypto"),
};
document.getElementById("rates").textContent = `${result.text}
load, of fetch and hash by the module: ${result.loadToModuleHash.toFixed(2)}
load, of fetch and hash by Web Crypto: ${result.loadToWebCrypto.toFixed(2)}`;
globalThis.loadSpeed = result;
client.close();
