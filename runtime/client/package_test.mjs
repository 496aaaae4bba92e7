// The folder that npm publishes, used from Node as whoever installs it would:
// package_test.mjs FOLDER FILE..., the files being those of
// //runtime/exports:wasm_test_inputs and :native_outputs.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";

const [folder, ...filePaths] = process.argv.slice(2);

function filePath(name) {
  return filePaths.find((file) => path.basename(file) === name);
}

function read(name) {
  return fs.readFileSync(path.join(folder, name), "utf8");
}

const description = JSON.parse(read("package.json"));

test("holds the files that it says, and no others", () => {
  // npm takes these whatever a package says.
  const always = ["LICENSE", "README.md", "package.json"];
  assert.deepEqual(fs.readdirSync(folder).sort(),
    [...always, ...description.files].sort());
});

test("names only files that it holds", () => {
  const named = [description.main, description.types];
  const visit = (value) => {
    if (typeof value === "string") named.push(value);
    else Object.values(value).forEach(visit);
  };
  visit(description.exports);
  for (const name of named) {
    assert.ok(fs.existsSync(path.join(folder, name)), name);
  }
});

test("imports nothing but itself and Node", () => {
  for (const name of description.files.filter((n) => /\.(d\.ts|js)$/.test(n))) {
    for (const [, from] of read(name).matchAll(
      /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)) {
      const own = from.startsWith("./") &&
        description.files.includes(from.slice(2));
      assert.ok(own || from.startsWith("node:"), `${name} imports ${from}`);
    }
  }
});

test("declares what it exports", async () => {
  const module = await import(pathToFileURL(path.resolve(folder, "pedigree.js")));
  const declared = ["pedigree", "errors", "generation"].map(
    (name) => read(`${name}.d.ts`)).join("\n");
  for (const name of Object.keys(module)) {
    assert.match(declared, new RegExp(`export (class|const) ${name}\\b`));
  }
});

test("runs with the module beside it", { timeout: 60000 }, async () => {
  const { Pedigree } =
    await import(pathToFileURL(path.resolve(folder, "pedigree.js")));
  const pedigree = await Pedigree.start();
  try {
    const model = filePath("f32.slm");
    const { size } = fs.statSync(model);
    await pedigree.loadModel(pathToFileURL(model), { size });
    assert.equal(
      await pedigree.generate("Once upon", { maxNewTokens: 30 }).text(),
      fs.readFileSync(filePath("f32.greedy.txt"), "utf8"));
  } finally {
    pedigree.close();
  }
});
