// The client in a browser: ci/browser.sh runs this.

import assert from "node:assert/strict";
import fs from "node:fs";

import { inPage } from "./page.mjs";

export const targets = [
  "//ci/browser:large_model",
  "//runtime/client:package",
  "//runtime/exports:native_outputs",
  "//runtime/exports:wasm_test_inputs",
];

const files = "bazel-bin/runtime/exports";

export const mounts = {
  "/": "runtime/client/browser/pages",
  "/client/": "bazel-bin/runtime/client/package",
  "/client/testing/": "runtime/client/testing",
  "/files/": files,
  "/large.slm": "bazel-bin/ci/browser/large_model.slm",
};

function native(name) {
  return fs.readFileSync(`${files}/${name}`);
}

export const tests = {
  async "generates and evaluates as the native runtime does"(t) {
    for (const kind of ["f32", "q8_0", "q8_0_block", "q4_0"]) {
      const [text, adapted, base] = await inPage(t, async (steps, kind) => {
        const client = await steps.withModel(`/files/${kind}.slm`);
        const text = await steps.greedy(client);
        for (const family of ["adp1", "asp1", "alr1"]) {
          const adapter = await steps.bytesOf(`/files/${kind}.${family}`);
          await client.applyAdapter(adapter,
            { sha256: await steps.digestOf(adapter) });
        }
        const adapted = await client.runEval(await steps.evalRequest());
        await client.resetAdapters();
        const base = await client.runEval(await steps.evalRequest());
        client.close();
        return [text, [...adapted], [...base]];
      }, kind);
      assert.equal(text, native(`${kind}.greedy.txt`).toString());
      assert.ok(Buffer.from(adapted)
        .equals(native(`${kind}.adapted.sidecar.json`)), kind);
      assert.ok(Buffer.from(base).equals(native(`${kind}.sidecar.json`)), kind);
    }
  },

  async "loads from every kind of source that a page has"(t) {
    const results = await inPage(t, async (steps) => {
      const client = await steps.Pedigree.start();
      const name = "/files/q8_0.slm";
      const bytes = await steps.bytesOf(name);
      const sha256 = await steps.digestOf(bytes);
      const sources = [
        new URL(name, location.href), await fetch(name), new Blob([bytes]),
        new File([bytes], "model.slm"), new Blob([bytes]).stream(), bytes,
      ];
      const results = [];
      for (const source of sources) {
        const loaded =
          await client.loadModel(source, { size: bytes.length, sha256 });
        results.push([loaded.sha256 === sha256, await steps.greedy(client)]);
        await client.freeModel();
      }
      client.close();
      return results;
    });
    const expected = [true, native("q8_0.greedy.txt").toString()];
    assert.deepEqual(results, Array(6).fill(expected));
  },

  async "refuses other bytes, a missing file and what is too large"(t) {
    const results = await inPage(t, async (steps) => {
      const client = await steps.withModel("/files/f32.slm");
      const before = await steps.greedy(client);
      const size = (await steps.bytesOf("/files/q8_0.slm")).length;
      const load = (name, options) => steps.failure(
        client.loadModel(new URL(name, location.href), { size, ...options }));
      const results = [
        await load("/files/q8_0.slm", { sha256: "0".repeat(64) }),
        await load("/files/q8_0.slm", { size: size - 1 }),
        await load("/files/q8_0.slm", { size: size + 1 }),
        await load("/files/q8_0.slm", { size: 2 ** 32 - 1 }),
        await load("/files/none.slm"),
        await load("/files/f32.adp1", {
          size: (await steps.bytesOf("/files/f32.adp1")).length,
        }),
      ];
      results.push(await steps.greedy(client) === before);
      const preflight = await client.preflight({ size: 2 ** 32 });
      client.close();
      return [...results, preflight.fits];
    });
    t.allow(/404/);
    assert.match(results[0],
      /^DigestMismatch: Invalid model: sha256 \([0-9a-f]{64}, expected 0{64}\)$/);
    assert.match(results[1], /^SizeMismatch: /);
    assert.match(results[2], /^SizeMismatch: /);
    assert.match(results[3], /^ResourceLimit: /);
    assert.match(results[4], /^SourceFailed: Cannot read: status 404/);
    assert.match(results[5], /^InvalidModelMagic: /);
    assert.deepEqual(results.slice(6), [true, false]);
  },

  async "streams tokens of a large model and stops between two"(t) {
    const [failure, count, state] = await inPage(t, async (steps) => {
      const client = await steps.withModel("/large.slm");
      const stop = new AbortController();
      let count = 0;
      const failure = await steps.failure(client.generate("Once", {
        signal: stop.signal,
        onToken: () => { if (++count === 5) stop.abort(); },
      }).text());
      const { state } = client;
      client.close();
      return [failure, count, state];
    });
    assert.match(failure, /^Cancelled/);
    assert.ok(count >= 5 && count < 10, `${count} tokens`);
    assert.equal(state, "ready");
  },

  async "survives a worker that ends without a word"(t) {
    const [crash, state, text] = await inPage(t, async (steps) => {
      const client = await steps.withModel("/files/f32.slm",
        { worker: new URL("/client/testing/ending_worker.js", location.href) });
      const crash = await steps.failure(client.generate("a").text());
      const { state } = client;
      await client.restart();
      const bytes = await steps.bytesOf("/files/f32.slm");
      await client.loadModel(bytes, { size: bytes.length });
      const { sha256 } = await client.loadModel(bytes, { size: bytes.length });
      client.close();
      return [crash, state, sha256 === await steps.digestOf(bytes)];
    });
    assert.match(crash, /^WorkerCrashed: .*it ended by itself$/);
    assert.deepEqual([state, text], ["crashed", true]);
  },

  async "tells that its worker or module cannot be had"(t) {
    const failures = await inPage(t, (steps) => {
      const start = (options) => steps.failure(steps.Pedigree.start(options));
      const none = new URL("/none", location.href);
      return Promise.all([
        start({ worker: none }),
        start({ module: none }),
        start({ module: new URL("/files/suite.json", location.href) }),
      ]);
    });
    t.allow(/404/);
    assert.match(failures[0], /^WorkerCrashed: /);
    assert.match(failures[1], /^SourceFailed: Cannot read: status 404/);
    assert.match(failures[2], /^ModuleRejected: Invalid module: /);
  },

  async "keeps its memory over a hundred loads and generations"(t) {
    const sizes = await inPage(t, async (steps) => {
      const client = await steps.withModel("/files/q8_0.slm");
      const bytes = await steps.bytesOf("/files/q8_0.slm");
      const sizes = [];
      for (let round = 0; round < 100; ++round) {
        await client.loadModel(bytes, { size: bytes.length });
        await steps.greedy(client);
        await client.freeModel();
        sizes.push(await client.memoryBytes());
      }
      client.close();
      return sizes;
    });
    assert.equal(sizes.length, 100);
    assert.equal(sizes.at(-1), sizes[1], `${sizes}`);
  },
};
