// Every check of checks.h in WebAssembly: each of its targets gives the bits of
// its scalar reference, and that those of the native program's.
//
//   conformance_test.mjs MODULE PROGRAM [MODEL...]
//
// With models, whole generations on each are checked instead, in the native
// program on all of its targets, too. PEDIGREE_KERNEL_CASES: how many cases are
// drawn for each kernel, 1,000 when it is not set.

import assert from "node:assert/strict";
import childProcess from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import util from "node:util";

const [modulePath, programPath, ...models] = process.argv.slice(2);
const cases = Number(process.env.PEDIGREE_KERNEL_CASES ?? 1000);
assert.ok(cases > 0);

// Runs beside the module. Its targets have a test of their own, but for models.
const native = util.promisify(childProcess.execFile)(
  path.resolve(programPath),
  models.length > 0 ? models : ["--reference", `--cases=${cases}`]);

const module = new WebAssembly.Module(fs.readFileSync(modulePath));
const { exports: wasm } = new WebAssembly.Instance(module, {});
wasm.start();

function line(same) {
  const begin = wasm.result_ptr();
  const text = Buffer.from(
    wasm.memory.buffer.slice(begin, begin + wasm.result_len())).toString();
  assert.ok(same, text);
  return text;
}

function checkModel(file) {
  const bytes = fs.readFileSync(file);
  const begin = wasm.model_memory(bytes.length);
  assert.notEqual(begin, 0, `no memory for ${file}`);
  new Uint8Array(wasm.memory.buffer).set(bytes, begin);
  return line(wasm.check_model(bytes.length));
}

const lines = models.map(checkModel);
if (models.length === 0) {
  assert.ok(wasm.check_count() > 0);
  for (let i = 0; i < wasm.check_count(); ++i) {
    lines.push(line(wasm.run_check(i, cases)));
  }
}
const { stdout } = await native;
console.log(stdout);
assert.deepEqual(stdout.trimEnd().split("\n"), lines);
