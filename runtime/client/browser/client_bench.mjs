// What the client costs in a browser:
//
//   ci/browser.sh runtime/client/browser/client_bench.mjs

import assert from "node:assert/strict";

import { inPage } from "./page.mjs";

export const targets = ["//ci/browser:large_model", "//runtime/client:package"];

export const mounts = {
  "/": "runtime/client/browser/pages",
  "/client/": "bazel-bin/runtime/client/package",
  "/large.slm": "bazel-bin/ci/browser/large_model.slm",
};

export const tests = {
  async "blocks the main thread no longer than 50 ms"(t) {
    const tasks = await t.mainThreadTasks(() => inPage(t, async (steps) => {
      const client = await steps.Pedigree.start();
      const { body, headers } = await fetch("/large.slm");
      const size = Number(headers.get("Content-Length"));
      // By way of the main thread, which is the harder one.
      await client.loadModel(body, { size });
      await client.generate("Once upon", { maxNewTokens: 30 }).text();
      client.close();
    }));
    const longest = Math.max(...tasks);
    console.log(`longest of ${tasks.length} tasks: ${longest.toFixed(1)} ms`);
    assert.ok(longest < 50, `${longest} ms`);
  },

  async "loads about as fast as bytes can be fetched and hashed"(t) {
    await t.page.goto(t.url("/load_speed.html"));
    await t.page.waitForFunction(() => globalThis.loadSpeed);
    console.log(await t.page.textContent("#rates"));
    const { loadToModuleHash } =
      await t.page.evaluate(() => globalThis.loadSpeed);
    assert.ok(loadToModuleHash >= 0.8, `${loadToModuleHash}`);
    await t.audit();
  },
};
