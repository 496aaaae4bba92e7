// That the harness notices what it is there to notice.

import assert from "node:assert/strict";

export const targets = [];

export const mounts = { "/": "ci/browser/pages" };

function expectFault(t, pattern) {
  assert.ok(t.faults().some((fault) => pattern.test(fault)),
    `no ${pattern} in ${JSON.stringify(t.faults())}`);
  t.allow(pattern);
}

export const tests = {
  async "notices no fault in an honest page"(t) {
    await t.page.goto(t.url("/honest.html"));
    assert.equal(await t.page.textContent("h1"), "Honest");
    await t.audit();
    assert.deepEqual(t.faults(), []);
  },

  async "notices a request that leaves the origin"(t) {
    await t.page.goto(t.url("/honest.html"));
    await t.page.evaluate(
      () => fetch("http://127.0.0.1:9/", { mode: "no-cors" }).catch(() => {}));
    expectFault(t, /^a request left the origin: http:\/\/127.0.0.1:9\//);
    t.allow(/ERR_/);
  },

  async "notices one of a worker"(t) {
    await t.page.goto(t.url("/honest.html"));
    await t.page.evaluate(() => new Promise((resolve) => {
      const worker = new Worker("/leaving_worker.js");
      worker.onmessage = resolve;
    }));
    expectFault(t, /^a request left the origin: http:\/\/127.0.0.1:9\//);
    t.allow(/ERR_/);
  },

  async "notices a picture of another origin"(t) {
    await t.page.goto(t.url("/honest.html"));
    await t.page.evaluate(() => new Promise((resolve) => {
      const image = new Image();
      image.onerror = resolve;
      image.src = "http://elsewhere.example/x.png";
    }));
    expectFault(t, /^a request left the origin: http:\/\/elsewhere.example\//);
    t.allow(/ERR_/);
  },

  async "notices errors on the console, and uncaught ones"(t) {
    await t.page.goto(t.url("/honest.html"));
    await t.page.evaluate(() => new Promise((resolve) => {
      console.error("told");
      setTimeout(() => { setTimeout(resolve); throw new Error("thrown"); });
    }));
    expectFault(t, /^console: told/);
    expectFault(t, /^uncaught: .*thrown/);
  },

  async "notices a file that is not there"(t) {
    await t.page.goto(t.url("/honest.html"));
    const status = await t.page.evaluate(
      async () => (await fetch("/../BUILD.bazel")).status);
    assert.equal(status, 404);
    expectFault(t, /404/);
  },

  async "notices a page that is hard to use"(t) {
    await t.page.goto(t.url("/careless.html"));
    await assert.rejects(t.audit(), /image-alt/);
  },

  async "measures the tasks of the main thread"(t) {
    await t.page.goto(t.url("/honest.html"));
    const longest = async (values) => Math.max(...await t.mainThreadTasks(
      () => t.page.evaluate((values) => new Promise((resolve) => {
        setTimeout(() => {
          new Float64Array(values).map(Math.random).sort();
          setTimeout(resolve);
        });
      }), values)));
    const [short, long] = [await longest(0), await longest(4e6)];
    assert.ok(short < long, `${short} ms, ${long} ms`);
  },
};
