// The client under Node: client_test.mjs MODULE FILE..., the files being those of
// //runtime/exports:wasm_test_inputs, :native_outputs and malformed fixtures.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";

import { codeName } from "./errors.js";
import { ERROR_CODES, Pedigree, PedigreeError } from "./pedigree.js";
import { TRAP, fakeModule } from "./testing/fake_module.mjs";

const [modulePath, ...filePaths] = process.argv.slice(2);
const paths = new Map(filePaths.map((name) => [path.basename(name), name]));
const module = pathToFileURL(modulePath);
const families = ["adp1", "asp1", "alr1"];

function filePath(name) {
  assert.ok(paths.has(name), `missing file ${name}`);
  return paths.get(name);
}

function file(name) {
  return fs.readFileSync(filePath(name));
}

function digest(bytes) {
  return crypto.createHash("sha256").update(bytes).digest("hex");
}

// Runs `use` with a client that is closed in the end.
async function withClient(use, options = { module }) {
  const client = await Pedigree.start(options);
  try {
    await use(client);
  } finally {
    client.close();
  }
}

function clientTest(name, use, options) {
  test(name, { timeout: 240000 }, () => withClient(use, options));
}

async function load(client, name) {
  const bytes = file(name);
  return client.loadModel(bytes, { size: bytes.length, sha256: digest(bytes) });
}

function expectError(promise, name, message = /./) {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof PedigreeError, `${error.stack}`);
    assert.equal(error.codeName, name, error.message);
    assert.equal(error.code, ERROR_CODES[name]);
    assert.match(error.message, message);
    return true;
  });
}

function evalRequest() {
  return JSON.stringify({
    manifest_digest: "sha256:" + digest(file("suite.json")),
    source_kind: "deterministic-smoke",
    suite: JSON.parse(file("suite.json")),
  });
}

async function state(client) {
  return JSON.parse(Buffer.from(await client.diagnostics())).state;
}

function text(generation) {
  return generation.text();
}

// Greedy text of the model that is loaded, as the native runtime writes it.
async function expectGreedy(client, kind) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let count = 0;
  for await (const piece of client.generate("Once upon", { maxNewTokens: 30 })) {
    text += decoder.decode(piece, { stream: true });
    count += 1;
  }
  assert.equal(count, 30);
  assert.equal(text + decoder.decode(), file(`${kind}.greedy.txt`).toString(),
    kind);
}

test("every code has a name, and every name a code", () => {
  for (const [name, code] of Object.entries(ERROR_CODES)) {
    assert.equal(codeName(code), name);
    assert.equal(new PedigreeError(name, "x").code, code);
  }
  assert.equal(Object.keys(ERROR_CODES).length, 23 + 8);
  assert.equal(codeName(23), "Unknown23");
});

clientTest("loads from every kind of source", async (client) => {
  const bytes = file("q8_0.slm");
  const whole = new Uint8Array(bytes);
  const sha256 = digest(bytes);
  const sources = [
    () => bytes,
    () => whole,
    () => new Blob([bytes]),
    () => new Response(bytes),
    () => new Blob([bytes]).stream(),
    () => pathToFileURL(filePath("q8_0.slm")),
    () => new ReadableStream({
      start(controller) {
        for (let at = 0; at < whole.length; at += 777) {
          controller.enqueue(whole.subarray(at, at + 777));
        }
        controller.close();
      },
    }),
  ];
  for (const source of sources) {
    const progress = [];
    const loaded = await client.loadModel(source(), {
      size: bytes.length, sha256, onProgress: (event) => progress.push(event),
    });
    assert.deepEqual(loaded, { sha256, size: bytes.length });
    assert.deepEqual(progress.at(-1),
      { done: bytes.length, total: bytes.length });
    await expectGreedy(client, "q8_0");
    assert.equal(await client.sha256(source()), sha256);
    await client.freeModel();
    await expectError(text(client.generate("a")), "ModelNotLoaded");
  }
  // What was handed in is as it was.
  assert.equal(digest(bytes), sha256);
  assert.equal(digest(whole), sha256);
});

clientTest("generates what the native runtime does", async (client) => {
  for (const kind of ["f32", "q8_0", "q8_0_block", "q4_0"]) {
    await load(client, `${kind}.slm`);
    await client.setSampling({});
    await expectGreedy(client, kind);
    await client.setSampling(
      { temperature: 1.25, topK: 200, topP: 0.95, seed: 12345678901234567890n });
    assert.equal(await text(client.generate("Once upon", { maxNewTokens: 30 })),
      file(`${kind}.sampled.txt`).toString(), kind);
  }
});

clientTest("writes the native runtime's sidecars", async (client) => {
  await load(client, "q4_0.slm");
  const base = file("q4_0.sidecar.json");
  const progress = [];
  const run = async () => Buffer.from(await client.runEval(evalRequest(),
    { onProgress: (event) => progress.push(event) }));
  assert.ok((await run()).equals(base));
  const total = JSON.parse(evalRequest()).suite.cases.length;
  assert.deepEqual(progress[0], { done: 0, total });
  assert.deepEqual(progress.at(-1), { done: total, total });
  for (const family of families) {
    const adapter = file(`q4_0.${family}`);
    await client.validateAdapter(adapter);
    await client.applyAdapter(adapter, { sha256: digest(adapter) });
  }
  assert.ok((await run()).equals(file("q4_0.adapted.sidecar.json")));
  await client.resetAdapters();
  assert.ok(Buffer.from(await client.runEval(Buffer.from(evalRequest())))
    .equals(base));
});

clientTest("refuses other bytes before anything parses them", async (client) => {
  await load(client, "f32.slm");
  const other = file("q8_0.slm");
  const damaged = Buffer.from(file("bad-magic.slm"));
  const refusal = /^Invalid model: sha256 \([0-9a-f]{64}, expected 0{64}\)$/;
  for (const bytes of [other, damaged]) {
    await expectError(client.loadModel(bytes,
      { size: bytes.length, sha256: "0".repeat(64) }), "DigestMismatch", refusal);
    // The module never saw the file as a model: that would be an error of its own.
    assert.notEqual((await state(client)).last_error,
      ERROR_CODES.InvalidModelMagic);
  }
  await expectGreedy(client, "f32");
  const adapter = file("f32.adp1");
  await expectError(client.applyAdapter(adapter, { sha256: "1".repeat(64) }),
    "DigestMismatch", /^Invalid adapter: sha256 \(/);
  await expectGreedy(client, "f32");
});

clientTest("refuses another number of bytes", async (client) => {
  const bytes = file("f32.slm");
  const size = bytes.length;
  await expectError(client.loadModel(bytes, { size: size - 1 }),
    "SizeMismatch", new RegExp(`at least \\d+ bytes, expected ${size - 1}`));
  await expectError(client.loadModel(bytes, { size: size + 1 }),
    "SizeMismatch", new RegExp(`\\(${size} bytes, expected ${size + 1}\\)`));
  await expectError(client.loadModel(bytes, { size: 0 }), "InvalidLength");
  await expectError(client.loadModel(new Uint8Array(0), { size: 5 }),
    "SizeMismatch", /\(0 bytes, expected 5\)/);
  await load(client, "f32.slm");
});

clientTest("tells the module's own refusals", async (client) => {
  await load(client, "f32.slm");
  const model = file("f32.slm");
  const damaged = Buffer.from(model);
  damaged[damaged.length - 100] ^= 1;
  const loadBytes = (bytes) => client.loadModel(bytes, { size: bytes.length });
  const malformed = (name) => () => loadBytes(file(`bad-${name}.slm`));
  const refusals = [
    ["InvalidLength", () => client.setSampling({ temperature: -1 })],
    ["InvalidLength", () => client.setSampling({ topP: NaN })],
    ["InvalidUtf8", () => client.runEval(Buffer.from([0xff]))],
    ["InvalidModelMagic", () => loadBytes(file("f32.adp1"))],
    ["UnsupportedModelVersion", malformed("version")],
    ["InvalidHeader", malformed("max-context-zero")],
    ["InvalidTensorDirectory", malformed("reserved")],
    ["MissingTensor", malformed("name-hash-unknown")],
    ["ShapeMismatch", malformed("dims-wrong")],
    ["UnsupportedDType", malformed("dtype-unknown")],
    ["ContextExceeded", () => text(client.generate("a".repeat(100)))],
    ["InvalidAdapter", () => client.applyAdapter(model)],
    ["AdapterIdentityMismatch", () => client.applyAdapter(file("q8_0.adp1"))],
    ["AdapterIdentityMismatch",
      () => client.validateAdapter(file("q4_0.adp1"))],
    ["ResourceLimit",
      () => client.loadModel(model, { size: 2 ** 32 - 1 })],
    ["ResourceLimit", () => client.loadModel(model, { size: 2 ** 32 })],
    ["InvalidEvalCases", () => client.runEval("{}")],
    ["ChecksumMismatch", () => loadBytes(damaged)],
    ["InvalidTokenizer", malformed("tokenizer-magic")],
  ];
  for (const [name, act] of refusals) {
    await expectError(act(), name);
    assert.equal(client.state, "ready");
  }
  await expectGreedy(client, "f32");
});

test("tells every code that the module returns", async () => {
  const calls = [
    ["apply_adapter_delta", (client) => client.applyAdapter(Buffer.from("a"))],
    ["begin_model", (client) => client.loadModel(Buffer.from("a"), { size: 1 })],
    ["free_model", (client) => client.freeModel()],
    ["generate", (client) => text(client.generate("a"))],
    ["generate_next_token",
      (client) => text(client.generate("a", { maxNewTokens: 1 }))],
    ["reset_adapters", (client) => client.resetAdapters()],
    ["reset_context", (client) => client.resetContext()],
    ["begin_eval", (client) => client.runEval("a")],
    ["set_sampling_config", (client) => client.setSampling({})],
    ["validate_adapter_delta",
      (client) => client.validateAdapter(Buffer.from("a"))],
    ["finish_model",
      (client) => client.loadModel(Buffer.from("a"), { size: 1 })],
  ];
  // A code for each function, and another one for it in the second round.
  for (const first of [1, 12]) {
    const codes = calls.map(([name], i) => [name, first + i]);
    // These two hide what comes behind them.
    const returns = { ...Object.fromEntries(codes), generate: 0, begin_model: 0 };
    const rest = { ...returns, generate: codes[3][1], begin_model: codes[1][1] };
    for (const [kind, hidden] of [[returns, true], [rest, false]]) {
      await withClient(async (client) => {
        for (const [i, [name, act]] of calls.entries()) {
          if (kind[name] === 0) continue;
          if (!hidden && name !== "generate" && name !== "begin_model") continue;
          await expectError(act(client), codeName(codes[i][1]), /^why$/);
        }
      }, { module: fakeModule({ returns: kind, result: "why" }) });
    }
  }
});

clientTest("stops between two tokens when asked to", async (client) => {
  await load(client, "room.slm");
  const whole = [];
  for await (const piece of client.generate("a")) whole.push(piece);
  const stop = new AbortController();
  const pieces = [];
  const generation = client.generate("a", {
    signal: stop.signal,
    onToken: (piece) => { if (pieces.push(piece) === 3) stop.abort(); },
  });
  await expectError(text(generation), "Cancelled");
  assert.ok(pieces.length >= 3 && pieces.length < whole.length,
    `${pieces.length} of ${whole.length} tokens`);
  assert.deepEqual(pieces, whole.slice(0, pieces.length));
  await load(client, "f32.slm");
  await expectGreedy(client, "f32");
  for await (const piece of client.generate("a")) {
    assert.equal(piece.length, 1);
    break;
  }
  assert.equal(client.state, "ready");
  await expectError(text(client.generate("a", { signal: AbortSignal.abort() })),
    "Cancelled");
  assert.equal(client.state, "ready");
  await expectGreedy(client, "f32");
});

clientTest("stops a load that waits for bytes", async (client) => {
  await load(client, "f32.slm");
  const stop = new AbortController();
  let closed = false;
  const source = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(1000)),
    cancel: () => { closed = true; },
  });
  const loading = client.loadModel(source, {
    size: 1 << 20, signal: stop.signal, onProgress: () => stop.abort(),
  });
  await expectError(loading, "Cancelled");
  assert.ok(closed);
  await expectGreedy(client, "f32");
});

clientTest("tells a source that breaks", async (client) => {
  const taken = new Blob(["a"]).stream();
  taken.getReader();
  await expectError(client.loadModel(taken, { size: 1 }), "SourceFailed",
    /locked/);
  const broken = new ReadableStream({
    pull: (controller) => controller.error(new Error("line cut")),
  });
  await expectError(client.loadModel(broken, { size: 100 }),
    "SourceFailed", /line cut/);
  await expectError(client.sha256(pathToFileURL("/nowhere/at/all")),
    "SourceFailed", /ENOENT/);
  assert.equal(client.state, "ready");
  await load(client, "f32.slm");
});

clientTest("hands on what a callback throws", async (client) => {
  await load(client, "f32.slm");
  const generation = client.generate("a", {
    onToken: () => { throw new Error("mine"); },
  });
  await assert.rejects(text(generation), /^Error: mine$/);
  await expectGreedy(client, "f32");
});

clientTest("does one thing at a time", async (client) => {
  await load(client, "f32.slm");
  const generation = client.generate("a");
  assert.equal(client.state, "busy");
  await expectError(text(client.generate("b")), "Busy", /generate/);
  await expectError(client.setSampling({}), "Busy");
  await expectError(client.diagnostics(), "Busy");
  await expectError(load(client, "f32.slm"), "Busy");
  await text(generation);
  assert.equal(client.state, "ready");
  // Short calls wait for each other.
  await Promise.all([
    client.setSampling({ temperature: 2, topK: 5, seed: 7 }),
    client.setSampling({}),
    expectGreedy(client, "f32"),
  ]);
});

clientTest("does calls in their order", async (client) => {
  await load(client, "f32.slm");
  const adapter = file("f32.adp1");
  const sha256 = digest(adapter);
  await Promise.all([
    client.applyAdapter(adapter, { sha256 }),
    expectError(client.applyAdapter(adapter, { sha256 }), "InvalidAdapter"),
    client.resetAdapters(),
    client.validateAdapter(adapter),
  ]);
  await expectGreedy(client, "f32");
});

clientTest("stops an evaluation and keeps the model", async (client) => {
  await load(client, "f32.slm");
  const stop = new AbortController();
  const request = JSON.stringify({
    ...JSON.parse(evalRequest()),
    suite: {
      schema_version: "pedigree.suite.v1", name: "long", version: "1",
      cases: Array.from({ length: 200 }, (_value, i) => ({
        id: `c${i}`, prompt: `${i}`, expected: "x", max_new_tokens: 200,
      })),
    },
  });
  const running = client.runEval(request,
    { signal: stop.signal, onProgress: () => stop.abort() });
  assert.equal(client.state, "busy");
  await expectError(running, "Cancelled");
  assert.equal(client.state, "ready");
  await expectError(client.runEval("x", { signal: stop.signal }), "Cancelled");
  await expectGreedy(client, "f32");
});

clientTest("closes with calls in progress", async (client) => {
  await load(client, "f32.slm");
  const generation = client.generate("a");
  client.close();
  await expectError(text(generation), "Closed");
  await expectError(client.freeModel(), "Closed");
  await expectError(client.restart(), "Closed");
  assert.equal(client.state, "closed");
  client.close();
});

clientTest("restarts with nothing of before", async (client) => {
  await load(client, "f32.slm");
  const generation = client.generate("a");
  const restarted = client.restart();
  await expectError(text(generation), "Cancelled");
  assert.equal(client.state, "starting");
  await expectError(client.freeModel(), "Busy", /start/);
  await expectError(client.restart(), "Busy");
  await restarted;
  await expectError(client.freeModel(), "ModelNotLoaded");
  await load(client, "f32.slm");
  await expectGreedy(client, "f32");
});

// A crash: the pending call and those after it fail, and `restart` goes on.
async function expectCrash(client, act, name, message) {
  await expectError(act(), name, message);
  assert.equal(client.state, "crashed");
  await expectError(client.diagnostics(), name);
  await client.restart();
  assert.equal(client.state, "ready");
  await client.memoryBytes();
}

clientTest("survives a trap in the module", (client) =>
  expectCrash(client, () => client.runEval("x"), "WorkerCrashed",
    /trapped in begin_eval \(unreachable\)/),
{ module: fakeModule({ returns: { begin_eval: TRAP } }) });

clientTest("survives memory that runs out inside a call", (client) =>
  expectCrash(client, () => client.runEval("x"), "OutOfMemory",
    /ran out of memory in begin_eval/),
{ module: fakeModule({ returns: { begin_eval: TRAP }, grows: false }) });

clientTest("goes on when there is no memory to begin a call", async (client) => {
  await expectError(client.runEval("x"), "OutOfMemory", /No memory for 1 bytes/);
  assert.equal(client.state, "ready");
  await client.resetAdapters();
}, { module: fakeModule({ returns: { alloc: 0 } }) });

clientTest("survives a worker that ends", async (client) => {
  await load(client, "f32.slm");
  await expectCrash(client, () => text(client.generate("a")), "WorkerCrashed",
    /ended with status 3/);
  await load(client, "f32.slm");
}, { module, worker: new URL("testing/ending_worker.js", import.meta.url) });

test("refuses what is not the module", async () => {
  const refusals = [
    [Buffer.from("no module"), /Invalid module: .*magic/],
    [fakeModule({ imports: true }), /Invalid module: it imports env.clock/],
    [fakeModule({ returns: { begin_eval: undefined } }),
      /Invalid module: no function begin_eval/],
    [fakeModule({ returns: { abi_version: 7 } }),
      /Invalid module: abi_version \(7, expected 1\)/],
  ];
  for (const [bytes, message] of refusals) {
    await expectError(Pedigree.start({ module: bytes }), "ModuleRejected",
      message);
  }
  await expectError(Pedigree.start({ module: pathToFileURL("/nowhere") }),
    "SourceFailed", /ENOENT/);
  await expectError(
    Pedigree.start({ module, worker: new URL("none.js", import.meta.url) }),
    "WorkerCrashed");
});

clientTest("refuses arguments that no call can mean", async (client) => {
  assert.throws(() => client.generate("a", { maxNewTokens: 0 }), RangeError);
  assert.throws(() => client.generate("a", { maxNewTokens: 1.5 }), RangeError);
  await assert.rejects(client.setSampling({ seed: -1 }), RangeError);
  await assert.rejects(client.setSampling({ topK: 1.5 }), RangeError);
  await assert.rejects(client.loadModel(Buffer.alloc(1), { size: -1 }),
    RangeError);
  await assert.rejects(
    client.loadModel(Buffer.alloc(1), { size: 1, sha256: "A0" }),
    /64 lowercase hex digits/);
});

clientTest("tells beforehand what fits", async (client) => {
  const small = await client.preflight({ size: 1 << 20 });
  assert.equal(small.fits, true);
  assert.equal(small.limitBytes, 2 ** 32);
  assert.ok(small.needBytes > 1 << 20);
  const large = await client.preflight({ size: 2 ** 32 });
  assert.equal(large.fits, false);
  assert.ok(large.needBytes > large.limitBytes);
});

clientTest("holds its memory over loads, runs and failures", async (client) => {
  const round = async () => {
    await load(client, "q8_0.slm");
    await expectGreedy(client, "q8_0");
    await expectError(client.loadModel(file("f32.slm"),
      { size: 2 << 20 }), "SizeMismatch");
    await client.freeModel();
  };
  for (let i = 0; i < 3; ++i) await round();
  const before = await client.memoryBytes();
  for (let i = 0; i < 20; ++i) await round();
  assert.equal(await client.memoryBytes(), before);
});
