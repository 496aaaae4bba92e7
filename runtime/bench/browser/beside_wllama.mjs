// Decode and prefill rates in a browser, on one thread, beside @wllama/wllama:
//
//   npm ci --ignore-scripts
//   node beside_wllama.mjs [--rounds=5] [--prompt=512] [--new=128]
//       [--browser=/usr/bin/chromium] PEDIGREE.wasm MODEL.slm:MODEL.gguf...
//
// wllama is there twice: as it is now, one module for all, and in the last version
// that had a module for one thread; the better one counts. One page holds the
// engines, each in a Worker. A round runs them in turn, so that it sees one minute of
// the machine; told are the medians of the rates (tokens/s) and of the rounds' ratios,
// ours by theirs. Ours are wall times with sampling; the newer wllama's are its own,
// without the way between its threads, the older one's wall times without sampling.
// For our load, which hashes the model on the way: the time that fetching and hashing
// the same bytes by the module takes, as a share of it, and the time of WebCrypto as a
// share of that (medians of three). Needs an idle machine and models of one shape; see
// ../README.md.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import {parseArgs} from "node:util";
import {chromium} from "playwright-core";

const here = import.meta.dirname;
const {values: options, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    rounds: {type: "string", default: "5"},
    prompt: {type: "string", default: "512"},
    new: {type: "string", default: "128"},
    browser: {type: "string", default: "/usr/bin/chromium"},
  },
});
const [modulePath, ...pairs] = positionals;
if (pairs.length === 0 || !pairs.every((pair) => pair.split(":").length === 2)) {
  console.error("usage: beside_wllama.mjs PEDIGREE.wasm MODEL.slm:MODEL.gguf...");
  process.exit(2);
}

const types = {
  ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript",
  ".wasm": "application/wasm",
};
const mounts = {
  "/pedigree.wasm": modulePath,
  "/": path.join(here, "page.html"),
  "/page.mjs": path.join(here, "page.mjs"),
  "/pedigree_worker.mjs": path.join(here, "pedigree_worker.mjs"),
};
const packages = {
  wllama: path.join(here, "node_modules/@wllama/wllama"),
  "wllama-single-thread": path.join(here, "node_modules/wllama-single-thread"),
};
const engines = ["ours", ...Object.keys(packages)];

function fileOf(url) {
  const [, name, ...rest] = url.split("/");
  const folder = packages[name];
  return folder === undefined ? mounts[url] : path.join(folder, "esm", ...rest);
}

function versionOf(name) {
  const file = path.join(packages[name], "package.json");
  return JSON.parse(fs.readFileSync(file, "utf8")).version;
}

// Without the headers that would let a page start threads that share memory.
const server = http.createServer((request, response) => {
  const file = fileOf(request.url);
  if (file === undefined || !fs.existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": types[path.extname(file)] ?? "application/octet-stream",
    "content-length": fs.statSync(file).size,
  });
  if (request.method === "HEAD") {
    response.end();
  } else {
    fs.createReadStream(file).pipe(response);
  }
});

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const told = (value) => Number(value.toPrecision(3));

// The page, with all engines opened.
async function openPage(browser, origin) {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.ready === true);
  const act = (...message) =>
    page.evaluate((call) => globalThis.act(...call), message);
  for (const engine of engines) await act("open", engine);
  return {page, act};
}

async function comparePair(act, pair) {
  const [ours, theirs] = pair.split(":").map((file, i) => {
    const url = `/model/${i}/${path.basename(file)}`;
    mounts[url] = file;
    return url;
  });
  const loads = [];
  for (let i = 0; i < 3; ++i) loads.push(await act("load", "ours", ours));
  for (const peer of Object.keys(packages)) await act("load", peer, theirs);
  const result = {model: path.basename(pair.split(":")[0], ".slm")};
  for (const [step, tokens] of
    [["prefill", Number(options.prompt)], ["decode", Number(options.new)]]) {
    const rates = Object.fromEntries(engines.map((engine) => [engine, []]));
    // The first round is not told: it waits for the compiler.
    for (let round = 0; round <= Number(options.rounds); ++round) {
      for (const engine of engines) {
        const {rate} = await act(step, engine, tokens);
        if (round > 0) rates[engine].push(rate);
      }
    }
    result[step] = {ours: told(median(rates.ours))};
    for (const peer of Object.keys(packages)) {
      result[step][peer] = {
        rate: told(median(rates[peer])),
        ratio: told(median(rates.ours.map((rate, i) => rate / rates[peer][i]))),
      };
    }
  }
  const load = (value) => median(loads.map(value));
  result.load = {
    mebibytesPerSecond: told(load((l) => l.bytes / l.seconds) / 2 ** 20),
    hashShare: told(load((l) => l.hashShare)),
    webCryptoShareOfHash: told(load((l) => l.webCryptoShare)),
  };
  return result;
}

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({
  executablePath: options.browser,
  timeout: 0,
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});
try {
  console.log(JSON.stringify({
    browser: browser.version(),
    node: process.version,
    wllama: Object.keys(packages).map(versionOf),
    module: fs.statSync(modulePath).size,
  }));
  for (const pair of pairs) {
    const {page, act} = await openPage(browser, origin);
    console.log(JSON.stringify(await comparePair(act, pair)));
    await page.close();
  }
} finally {
  await browser.close();
  server.close();
}
