// Runs tests in a browser: each in a context of its own, with a server of its
// file's mounts, and with watch kept over what every page must not do. README.md
// says what a test file looks like.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

import { serve } from "./server.mjs";

// Long, for machines that do other things too.
const TEST_TIMEOUT_MS = 300000;

// What Chromium traces each task of a thread by.
const TASK_CATEGORY = "disabled-by-default-devtools.timeline";

// What a test gets.
class TestContext {
  #artifacts;
  #axe;
  #faults = [];
  #allowed = [];

  constructor({ artifacts, axe, context, origin, page }) {
    this.#artifacts = artifacts;
    this.#axe = axe;
    this.context = context;
    this.origin = origin;
    this.page = page;
    this.#watch();
  }

  url(name) {
    return new URL(name, this.origin).href;
  }

  // Saves a picture of the page as `<name>.png`.
  async screenshot(name, options = {}) {
    const file = path.join(this.#artifacts, `${name}.png`);
    await this.page.screenshot({ path: file, ...options });
    return file;
  }

  // Fails on any violation that axe-core finds in the page as it is now.
  async audit() {
    await this.page.evaluate(this.#axe);
    const { violations } = await this.page.evaluate(() => axe.run(document));
    assert.deepEqual(violations.map(({ id, help, nodes }) => (
      { id, help, where: nodes.map(({ target }) => target.join(" ")) })), []);
  }

  // Milliseconds that each task of the page's main thread took while `act` ran, of
  // the time that the thread itself had: on a busy machine a task may take long by
  // the clock and do little.
  async mainThreadTasks(act) {
    const browser = this.context.browser();
    await browser.startTracing(this.page, { categories: [TASK_CATEGORY] });
    let trace;
    try {
      await act();
    } finally {
      trace = await browser.stopTracing();
    }
    return mainThreadTasksIn(JSON.parse(trace).traceEvents);
  }

  // A message on the console, or an error, that this test brings about.
  allow(pattern) {
    this.#allowed.push(pattern);
  }

  // What was noticed and not allowed.
  faults() {
    return this.#faults.filter(
      (fault) => !this.#allowed.some((pattern) => pattern.test(fault)));
  }

  #watch() {
    const { context, origin } = this;
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol === "data:" || url.origin === origin) return;
      this.#faults.push(`a request left the origin: ${url.href}`);
    });
    context.on("console", (message) => {
      if (message.type() !== "error") return;
      this.#faults.push(
        `console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) =>
      this.#faults.push(`uncaught: ${error.error()}`));
  }
}

function mainThreadTasksIn(events) {
  // A thread's number may be another's in another process.
  const thread = ({ pid, tid }) => `${pid}.${tid}`;
  const mains = new Set(events
    .filter(({ name, args }) =>
      name === "thread_name" && args.name === "CrRendererMain")
    .map(thread));
  assert.ok(mains.size > 0, "no main thread in the trace");
  const tasks = events.filter((event) =>
    event.name === "RunTask" && mains.has(thread(event)) &&
    event.tdur !== undefined);
  assert.ok(tasks.length > 0, "no tasks in the trace");
  return tasks.map(({ tdur }) => tdur / 1000);
}

// Runs one test and returns what is wrong, undefined when nothing is.
async function runTest(browser, origin, axe, artifacts, test) {
  const context = await browser.newContext();
  try {
    context.setDefaultTimeout(TEST_TIMEOUT_MS);
    const page = await context.newPage();
    const t = new TestContext({ artifacts, axe, context, origin, page });
    await withTimeout(test(t), TEST_TIMEOUT_MS);
    const faults = t.faults();
    return faults.length === 0 ? undefined : new Error(faults.join("\n"));
  } catch (error) {
    return error;
  } finally {
    await context.close();
  }
}

async function withTimeout(promise, ms) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// Runs the tests of one file and returns how many failed.
async function runFile(browser, file, { artifacts, axe, only }) {
  const { mounts, tests } = await import(path.resolve(file));
  assert.ok(Object.keys(tests).length > 0, `${file}: no tests`);
  const server = await serve(mounts);
  let failed = 0;
  try {
    for (const [name, test] of Object.entries(tests)) {
      if (only !== undefined && !name.includes(only)) continue;
      const begin = performance.now();
      const error =
        await runTest(browser, server.origin, axe, artifacts, test);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      console.log(`${error ? "FAILED" : "ok"}: ${name} (${seconds} s)`);
      if (error === undefined) continue;
      failed += 1;
      console.log(error.stack ?? error);
    }
  } finally {
    server.close();
  }
  return failed;
}

// Runs files of tests: `modules` is the folder of playwright-core and axe-core,
// `chromium` the program, `artifacts` where pictures go, `only` a part of the names
// of the tests to run. Resolves to the number of failures.
export async function run(files, { artifacts, chromium, modules, only }) {
  fs.mkdirSync(artifacts, { recursive: true });
  const playwright =
    await import(path.join(modules, "playwright-core/index.js"));
  const axe =
    fs.readFileSync(path.join(modules, "axe-core/axe.min.js"), "utf8");
  const browser = await playwright.default.chromium.launch({
    executablePath: chromium,
    // Names resolve to nothing, so a request that leaves gets nowhere, too.
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
  console.log(`Chromium ${browser.version()}, Node ${process.version}`);
  let failed = 0;
  try {
    for (const file of files) {
      console.log(`\n${file}`);
      failed += await runFile(browser, file, { artifacts, axe, only });
    }
  } finally {
    await browser.close();
  }
  return failed;
}
