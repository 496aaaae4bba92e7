// The example in a browser: ci/browser.sh runs this.

import assert from "node:assert/strict";

export const targets = ["//fixtures:parent", "//runtime/client:package"];

export const mounts = {
  "/": "examples/browser",
  "/client/": "bazel-bin/runtime/client/package",
  "/model.slm": "bazel-bin/fixtures/parent.slm",
  "/model.slm.manifest.json": "bazel-bin/fixtures/parent.slm.manifest.json",
};

function text(t) {
  return t.page.locator("#text");
}

export const tests = {
  async "writes what the model generates into the page"(t) {
    await t.page.goto(t.url("/"));
    await text(t).filter({ hasText: "defghijklmnopqrstuvw" }).waitFor();
    await t.audit();
    await t.screenshot("example");
  },

  async "writes nothing when the model is another one"(t) {
    await t.page.route("**/model.slm.manifest.json", async (route) => {
      const response = await route.fetch();
      const manifest = await response.json();
      manifest.model_digest = `sha256:${"0".repeat(64)}`;
      await route.fulfill({ response, json: manifest });
    });
    const refused = t.context.waitForEvent("weberror");
    await t.page.goto(t.url("/"));
    assert.match((await refused).error().message,
      /Invalid model: sha256 \([0-9a-f]{64}, expected 0{64}\)/);
    t.allow(/Invalid model: sha256/);
    assert.equal(await text(t).textContent(), "");
  },
};
