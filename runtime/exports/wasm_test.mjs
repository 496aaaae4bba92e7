// Runs the WebAssembly module and compares it with the native runtime:
// wasm_test.mjs MODULE FILE..., the files being those of wasm_test_files and
// native_outputs.sh.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const [modulePath, ...filePaths] = process.argv.slice(2);
const files = new Map(
  filePaths.map((name) => [path.basename(name), fs.readFileSync(name)]));
const kinds = ["f32", "q8_0", "q8_0_block", "q4_0"];

const code = {
  ok: 0, nullPointer: 1, invalidLength: 2, invalidUtf8: 3,
  invalidModelMagic: 4, contextExceeded: 11, modelNotLoaded: 12,
  invalidAdapter: 15, adapterIdentityMismatch: 16, invalidEvalCases: 19,
  resourceLimit: 18, cancelled: 20, checksumMismatch: 21,
};

const compiled = new WebAssembly.Module(fs.readFileSync(modulePath));

// One of each family, in the order that native_outputs.sh applies them.
const families = ["adp1", "asp1", "alr1"];

function file(name) {
  assert.ok(files.has(name), `missing file ${name}`);
  return files.get(name);
}

// One instance and what a host does with it.
class Host {
  constructor() {
    this.m = new WebAssembly.Instance(compiled, {}).exports;
  }

  // Calls `name` with the bytes in a block of their own, `offset` bytes into
  // it, and any further arguments.
  call(name, bytes, ...rest) {
    return this.callAt(0, name, bytes, ...rest);
  }
  callAt(offset, name, bytes, ...rest) {
    const length = bytes.length + offset + 1;
    const block = this.m.alloc(length);
    assert.notEqual(block, 0);
    assert.equal(block % 64, 0);
    new Uint8Array(this.m.memory.buffer).set(bytes, block + offset);
    const result = this.m[name](block + offset, bytes.length, ...rest);
    // Nothing of it is kept.
    new Uint8Array(this.m.memory.buffer).fill(0xee, block, block + length);
    this.m.dealloc(block, length);
    return result;
  }

  result() {
    const begin = this.m.last_result_ptr();
    return Buffer.from(this.m.memory.buffer.slice(
      begin, begin + this.m.last_result_len()));
  }
  message() {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.result());
  }
  // After a failed call the result is the error message; after a good one it
  // may be any bytes.
  expectOk(status) {
    if (status !== code.ok) assert.fail(`status ${status}: ${this.message()}`);
  }
  text() {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.result());
  }
  diagnostics() {
    const begin = this.m.get_diagnostics_ptr();
    return JSON.parse(Buffer.from(this.m.memory.buffer.slice(
      begin, begin + this.m.get_diagnostics_len())));
  }

  load(kind) {
    this.expectOk(this.call("load_model", file(`${kind}.slm`)));
  }
  generate(prompt, limit) {
    const status = this.call("generate", Buffer.from(prompt), limit);
    this.expectOk(status);
    return this.result();
  }
}

function started(kind) {
  const host = new Host();
  assert.equal(host.m.init_runtime(), code.ok);
  if (kind) host.load(kind);
  return host;
}

function digestOf(bytes) {
  return "sha256:" + crypto.createHash("sha256").update(bytes).digest("hex");
}

// native_outputs.sh names the suite's file as the manifest, too: any will do.
function evalRequest() {
  return Buffer.from(JSON.stringify({
    manifest_digest: digestOf(file("suite.json")),
    source_kind: "deterministic-smoke",
    suite: JSON.parse(file("suite.json")),
  }));
}

const tests = {
  "has no imports and the documented exports"() {
    assert.deepEqual(WebAssembly.Module.imports(compiled), []);
    const names = WebAssembly.Module.exports(compiled).map((e) => e.name);
    for (const name of ["alloc", "dealloc", "init_runtime", "load_model",
      "validate_adapter_delta", "apply_adapter_delta", "set_sampling_config",
      "generate", "generate_next_token", "last_result_ptr", "last_result_len",
      "get_diagnostics_ptr", "get_diagnostics_len", "reset_context",
      "free_model", "abi_version", "reset_adapters", "run_eval", "begin_eval",
      "continue_eval", "finish_eval", "begin_model",
      "append_model", "finish_model", "upload_digest", "drop_upload",
      "begin_hash", "append_hash", "finish_hash", "request_cancel",
      "memory"]) {
      assert.ok(names.includes(name), name);
    }
    assert.equal(new Host().m.abi_version(), 1);
  },

  "answers before it is started"() {
    const { m } = new Host();
    assert.equal(m.reset_context(), code.modelNotLoaded);
    assert.equal(m.load_model(64, 1), code.modelNotLoaded);
    assert.equal(m.last_result_ptr(), 0);
    assert.equal(m.last_result_len(), 0);
    assert.equal(m.get_diagnostics_len(), 0);
    const block = m.alloc(100);
    assert.notEqual(block, 0);
    m.dealloc(block, 100);
  },

  "generates what the native runtime does"() {
    for (const kind of kinds) {
      const host = started(kind);
      host.generate("Once upon", 30);
      assert.equal(host.text(), file(`${kind}.greedy.txt`).toString(), kind);
      assert.equal(
        host.m.set_sampling_config(1.25, 200, 0.95, 12345678901234567890n),
        code.ok);
      host.generate("Once upon", 30);
      assert.equal(host.text(), file(`${kind}.sampled.txt`).toString(), kind);
      for (const family of families) {
        host.expectOk(
          host.call("apply_adapter_delta", file(`${kind}.${family}`)));
      }
      host.m.set_sampling_config(0.5, 1024, 1, 0n);
      host.generate("Once upon", 30);
      assert.equal(host.text(), file(`${kind}.adapted.txt`).toString(), kind);
    }
  },

  "writes the native runtime's sidecars"() {
    for (const kind of kinds) {
      const host = started(kind);
      const run = () => {
        assert.equal(host.call("run_eval", evalRequest()), code.ok,
          host.message());
        return host.result();
      };
      const base = file(`${kind}.sidecar.json`);
      assert.ok(run().equals(base), kind);
      for (const family of families) {
        const adapter = file(`${kind}.${family}`);
        assert.equal(host.call("validate_adapter_delta", adapter), code.ok);
      }
      assert.ok(run().equals(base), "validation changed the model");
      for (const family of families) {
        const adapter = file(`${kind}.${family}`);
        assert.equal(host.callAt(1, "apply_adapter_delta", adapter), code.ok);
      }
      const adapted = run();
      assert.ok(adapted.equals(file(`${kind}.adapted.sidecar.json`)), kind);
      assert.ok(!adapted.equals(base));
      assert.equal(host.m.reset_adapters(), code.ok);
      assert.ok(run().equals(base), "reset did not restore the base");
    }
  },

  "steps to the same bytes, and says when it has ended"() {
    const host = started("f32");
    const whole = host.generate("Once upon", 30);
    assert.equal(host.call("generate", Buffer.from("Once upon"), 0), code.ok);
    assert.equal(host.m.last_result_len(), 0);
    const steps = [];
    for (let i = 0; i < 30; ++i) {
      assert.equal(host.m.generate_next_token(), code.ok);
      assert.notEqual(host.m.last_result_ptr(), 0);
      steps.push(host.result());
    }
    assert.ok(Buffer.concat(steps).equals(whole));
    // Goes on to the end of the context of 48 tokens: BOS, 9 bytes, 38 more.
    for (let i = 30; i < 38; ++i) {
      assert.equal(host.m.generate_next_token(), code.ok);
      assert.notEqual(host.m.last_result_ptr(), 0);
    }
    assert.equal(host.m.generate_next_token(), code.ok);
    assert.equal(host.m.last_result_ptr(), 0);
    assert.equal(host.diagnostics().state.stop_reason, "context-end");
    assert.equal(host.m.reset_context(), code.ok);
    assert.equal(host.diagnostics().state.kv_length, 0);
  },

  "takes a model in pieces"() {
    const whole = started("q8_0").generate("Once upon", 30);
    const host = started();
    const model = file("q8_0.slm");
    assert.equal(host.m.finish_model(), code.invalidLength);
    assert.equal(host.call("append_model", model), code.invalidLength);
    assert.equal(host.m.begin_model(0), code.invalidLength);
    assert.equal(host.m.begin_model(model.length), code.ok);
    for (let i = 0; i < model.length; i += 10001) {
      assert.equal(host.m.finish_model(), code.invalidLength);
      assert.equal(
        host.call("append_model", model.subarray(i, i + 10001)), code.ok);
    }
    assert.equal(host.call("append_model", Buffer.from("x")),
      code.invalidLength);
    assert.equal(host.m.finish_model(), code.ok, host.message());
    assert.ok(host.generate("Once upon", 30).equals(whole));
    assert.equal(host.m.finish_model(), code.invalidLength);
  },

  "tells the digest of a model before anything of it is parsed"() {
    const host = started("f32");
    const model = file("q8_0.slm");
    assert.equal(host.m.upload_digest(), code.invalidLength);
    assert.equal(host.message(), "Invalid model upload: none has begun");
    assert.equal(host.m.begin_model(model.length), code.ok);
    for (let i = 0; i < model.length; i += 10001) {
      host.expectOk(host.m.upload_digest());
      assert.equal(host.text(), digestOf(model.subarray(0, i)));
      host.expectOk(
        host.call("append_model", model.subarray(i, i + 10001)));
    }
    host.expectOk(host.m.upload_digest());
    assert.equal(host.text(), digestOf(model));
    host.expectOk(host.m.finish_model());
    assert.equal(host.diagnostics().counted.quantization_mode, "q8_0");
  },

  "drops an upload that is not wanted, and keeps the model"() {
    const host = started("f32");
    const before = host.generate("Once upon", 30);
    host.expectOk(host.m.drop_upload());
    host.expectOk(host.m.begin_model(7));
    host.expectOk(host.call("append_model", Buffer.from("no mode")));
    host.expectOk(host.m.drop_upload());
    assert.equal(host.m.finish_model(), code.invalidLength);
    assert.ok(host.generate("Once upon", 30).equals(before));
  },

  "hashes any bytes, also beside an upload"() {
    const host = started();
    assert.equal(host.call("append_hash", Buffer.from("x")),
      code.invalidLength);
    assert.equal(host.m.finish_hash(), code.invalidLength);
    assert.equal(host.message(), "Invalid hash: none has begun");
    const bytes = file("f32.slm");
    host.expectOk(host.m.begin_hash());
    host.expectOk(host.call("append_hash", Buffer.from("is begun afresh")));
    for (let length of [0, 1, 55, 63, 64, 65, 10001, bytes.length]) {
      host.expectOk(host.m.begin_hash());
      for (let i = 0; i < length; i += 4099) {
        const end = Math.min(i + 4099, length);
        host.expectOk(host.call("append_hash", bytes.subarray(i, end)));
        host.expectOk(host.m.begin_model(5));
      }
      assert.equal(host.m.append_hash(0, 1), code.nullPointer);
      host.expectOk(host.m.finish_hash());
      assert.equal(host.text(), digestOf(bytes.subarray(0, length)));
    }
    assert.equal(host.m.finish_hash(), code.invalidLength);
  },

  "keeps the model through every failure"() {
    const host = started("f32");
    const before = host.generate("Once upon", 30);
    const model = file("f32.slm");
    const memoryBytes = host.m.memory.buffer.byteLength;
    const damaged = Buffer.from(model);
    damaged[damaged.length - 100] ^= 1;
    const adapter = file("f32.adp1");
    const failures = [
      [code.nullPointer, () => host.m.load_model(0, 10)],
      [code.nullPointer, () => host.m.generate(0, 0, 1)],
      [code.invalidLength, () => host.m.load_model(64, memoryBytes)],
      [code.invalidLength, () => host.m.run_eval(memoryBytes - 1, 2)],
      [code.invalidLength, () => host.m.load_model(0xffffffff, 0xffffffff)],
      [code.invalidModelMagic, () => host.call("load_model", adapter)],
      [code.checksumMismatch, () => host.call("load_model", damaged)],
      [code.invalidUtf8,
        () => host.call("generate", Buffer.from([0xc3, 0x28]), 5)],
      [code.contextExceeded,
        () => host.call("generate", Buffer.alloc(100, 97), 5)],
      [code.invalidLength, () => host.m.set_sampling_config(-1, 1, 1, 1n)],
      [code.invalidLength, () => host.m.set_sampling_config(0, 0, 1, 1n)],
      [code.invalidLength, () => host.m.set_sampling_config(0, 1, NaN, 1n)],
      [code.invalidAdapter, () => host.call("apply_adapter_delta", model)],
      [code.adapterIdentityMismatch,
        () => host.call("apply_adapter_delta", file("q8_0.adp1"))],
      [code.adapterIdentityMismatch,
        () => host.call("validate_adapter_delta", file("q4_0.adp1"))],
      [code.invalidEvalCases,
        () => host.call("run_eval", Buffer.from("{}"))],
      [code.invalidUtf8, () => host.call("run_eval", Buffer.from([0xff]))],
    ];
    for (const [expected, act] of failures) {
      const status = act();
      assert.equal(status, expected, `${act}: ${host.message()}`);
      assert.notEqual(host.message(), "");
      assert.equal(host.diagnostics().state.last_error, expected);
    }
    for (let length = 0; length < model.length; length += 977) {
      assert.notEqual(host.call("load_model", model.subarray(0, length)),
        code.ok);
    }
    assert.ok(host.generate("Once upon", 30).equals(before));
    assert.equal(host.diagnostics().state.last_error, code.ok);
  },

  "refuses an adapter that is applied already"() {
    const host = started("f32");
    assert.equal(host.call("apply_adapter_delta", file("f32.adp1")), code.ok);
    assert.equal(host.call("apply_adapter_delta", file("f32.adp1")),
      code.invalidAdapter);
    assert.match(host.message(), /applied already: sha256:/);
    assert.equal(host.diagnostics().counted.applied_adapter_count, 1);
  },

  "cancels the next generation, once"() {
    const host = started("f32");
    assert.equal(host.m.request_cancel(), code.ok);
    assert.equal(host.call("generate", Buffer.from("a"), 5), code.cancelled);
    assert.equal(host.call("generate", Buffer.from("a"), 5), code.ok);
  },

  "hands out memory carefully"() {
    const host = started("f32");
    const before = host.generate("Once upon", 30);
    const { m } = host;
    assert.equal(m.alloc(0), 0);
    assert.equal(m.alloc(2 ** 30 + 1), 0);
    assert.equal(m.alloc(0xffffffff), 0);
    const block = m.alloc(1000);
    m.dealloc(block, 999);
    m.dealloc(block + 64, 1000);
    m.dealloc(0, 0);
    m.dealloc(12, 34);
    m.dealloc(block, 1000);
    m.dealloc(block, 1000);
    // More than the memory has: it grows, and the views are made anew.
    const size = m.memory.buffer.byteLength;
    const large = m.alloc(size);
    assert.notEqual(large, 0);
    assert.ok(m.memory.buffer.byteLength > size);
    m.dealloc(large, size);
    assert.ok(host.generate("Once upon", 30).equals(before));
  },

  "packs weights where they lie, all but those with no room there"() {
    const model = file("tiles.slm");
    const host = started();
    const before = host.m.memory.buffer.byteLength;
    host.expectOk(host.m.begin_model(model.length));
    for (let at = 0; at < model.length; at += 2 ** 16) {
      host.expectOk(host.call("append_model",
        model.subarray(at, at + 2 ** 16)));
    }
    host.expectOk(host.m.finish_model());
    host.generate("Once upon", 4);
    const { measured } = host.diagnostics();
    // The output's 260 rows, filled up to tiles.
    const copied = 272 * (512 + 4);
    assert.equal(Number(measured.repacked_bytes), copied);
    const taken = host.m.memory.buffer.byteLength - before;
    const most = model.length + Number(measured.allocated_bytes) + copied +
      2 ** 20;
    assert.ok(taken < most, `${taken} ${most}`);
    assert.ok(model.length > 2 ** 22);
  },

  "copies weights with no room for tiles where memory has it beside all else"() {
    const model = file("room.slm");
    const host = started();
    host.expectOk(host.call("load_model", model));
    const text = host.generate("Once upon", 4);
    const { measured } = host.diagnostics();
    const needed = Number(measured.allocated_bytes);
    const copy = Number(measured.repacked_bytes);
    const slack = 2 ** 18;
    // So that each room below is of its kind.
    assert.ok(copy > needed + slack && needed > 4 * slack, `${copy} ${needed}`);
    const rooms = [
      [needed + copy + slack, code.ok, String(copy)],
      // The copy is made, and then in the way of the scratch; of the KV cache.
      [needed / 4 + copy, code.ok, "0"],
      [needed * 3 / 4 + copy, code.ok, "0"],
      [needed + slack, code.ok, "0"],
      [needed / 4, code.resourceLimit],
    ];
    for (const [besides, status, repacked] of rooms) {
      const crowded = started();
      const { m } = crowded;
      const block = m.alloc(model.length);
      const room = model.length + Math.floor(besides);
      const hole = m.alloc(room);
      for (let size = 2 ** 30; size >= 2 ** 12; size /= 2) {
        while (m.alloc(size) !== 0);
      }
      m.dealloc(hole, room);
      new Uint8Array(m.memory.buffer).set(model, block);
      assert.equal(m.load_model(block, model.length), status, `room ${room}`);
      if (status !== code.ok) continue;
      assert.equal(crowded.diagnostics().measured.repacked_bytes, repacked);
      assert.ok(crowded.generate("Once upon", 4).equals(text));
    }
  },

  "keeps its memory through a hundred models"() {
    const host = started();
    let bytes;
    for (let cycle = 1; cycle <= 100; ++cycle) {
      const kind = kinds[cycle % kinds.length];
      const model = file(`${kind}.slm`);
      host.expectOk(host.m.begin_model(model.length));
      host.expectOk(host.call("append_model", model));
      host.expectOk(host.m.finish_model());
      host.expectOk(host.call("apply_adapter_delta", file(`${kind}.alr1`)));
      host.generate("Once upon", 5);
      host.expectOk(host.m.free_model());
      // By then each kind was there once.
      if (cycle === kinds.length + 1) bytes = host.m.memory.buffer.byteLength;
      if (cycle > kinds.length) {
        assert.equal(host.m.memory.buffer.byteLength, bytes, `cycle ${cycle}`);
      }
    }
    // One model again and again: from the second on.
    const one = started();
    for (let cycle = 1; cycle <= 100; ++cycle) {
      one.load("room");
      one.generate("Once upon", 2);
      one.expectOk(one.m.free_model());
      if (cycle === 2) bytes = one.m.memory.buffer.byteLength;
      if (cycle > 2) assert.equal(one.m.memory.buffer.byteLength, bytes);
    }
  },

  "runs a suite step by step"() {
    const host = started("q8_0");
    const { m } = host;
    const sidecar = file("q8_0.sidecar.json");
    const begin = () => host.call("begin_eval", evalRequest());
    const finish = () => {
      let last = { done: 0 };
      let steps = 0;
      for (;; ++steps) {
        host.expectOk(m.continue_eval());
        if (m.last_result_ptr() === 0) break;
        const { done, total } = JSON.parse(host.text());
        assert.ok(done >= last.done && done <= total, `${done} of ${total}`);
        last = { done, total };
      }
      assert.equal(last.done, last.total);
      assert.ok(steps > 1, `${steps} steps`);
      host.expectOk(m.finish_eval());
      assert.ok(host.result().equals(sidecar));
    };
    for (const name of ["continue_eval", "finish_eval"]) {
      assert.equal(m[name](), code.invalidLength);
      assert.equal(host.message(), "Invalid eval run: none has begun");
    }
    assert.equal(host.call("begin_eval", Buffer.from("{}")),
      code.invalidEvalCases);
    host.expectOk(begin());
    const { done, total } = JSON.parse(host.text());
    assert.equal(done, 0);
    assert.equal(total, JSON.parse(file("suite.json")).cases.length);
    assert.equal(m.finish_eval(), code.invalidLength);
    assert.equal(host.message(), `Unfinished eval run: 0 of ${total} cases`);
    finish();
    assert.equal(m.finish_eval(), code.invalidLength);
    // What does not touch prompt and output leaves a run as it is.
    host.expectOk(begin());
    host.expectOk(m.continue_eval());
    host.expectOk(host.call("validate_adapter_delta", file("q8_0.adp1")));
    host.expectOk(m.begin_hash());
    assert.equal(m.set_sampling_config(-1, 1, 1, 1n), code.invalidLength);
    assert.equal(host.call("apply_adapter_delta", file("q4_0.adp1")),
      code.adapterIdentityMismatch);
    assert.equal(m.generate_next_token(), code.ok);
    assert.equal(m.last_result_ptr(), 0);
    finish();
    // What does, ends it.
    for (const end of [
      () => host.generate("Once upon", 3),
      () => assert.equal(host.call("generate", Buffer.alloc(100, 97), 5),
        code.contextExceeded),
      () => host.expectOk(m.reset_context()),
      () => host.expectOk(host.call("apply_adapter_delta", file("q8_0.adp1"))),
      () => host.expectOk(m.reset_adapters()),
      () => host.expectOk(host.call("run_eval", evalRequest())),
      () => host.load("q8_0"),
      () => {
        host.expectOk(m.free_model());
        assert.equal(begin(), code.modelNotLoaded);
        host.load("q8_0");
      },
    ]) {
      host.expectOk(begin());
      host.expectOk(m.continue_eval());
      end();
      assert.equal(m.continue_eval(), code.invalidLength, `${end}`);
    }
    // A second one takes the first one's place.
    host.expectOk(begin());
    host.expectOk(m.continue_eval());
    host.expectOk(begin());
    finish();
    host.expectOk(begin());
    host.expectOk(m.continue_eval());
    host.expectOk(m.request_cancel());
    assert.equal(m.continue_eval(), code.cancelled);
    assert.equal(m.continue_eval(), code.invalidLength);
    host.generate("Once upon", 30);
    assert.equal(host.text(), file("q8_0.greedy.txt").toString());
  },

  "tells what is wrong with JSON as the native program does"() {
    const host = started("f32");
    const whole = "not an integer below 2^53";
    for (const [text, fault] of [
      ["{\"a\":1.5}", `number 1.5 is ${whole}`],
      ["{\"a\":1e999}", `number 1e999 is ${whole}`],
      ["{\"a\":9007199254740992}", `number 9007199254740992 is ${whole}`],
      ["{\"a\":\"\u0001\"}", "not JSON at byte 7"],
      ["{\"a\":", "not JSON at byte 6"],
    ]) {
      assert.equal(host.call("run_eval", Buffer.from(text)),
        code.invalidEvalCases);
      assert.equal(host.message(), `Invalid eval request: ${fault}`);
    }
  },

  "describes itself"() {
    const host = started();
    assert.equal(host.diagnostics().counted, undefined);
    host.load("q4_0");
    host.generate("Once upon", 30);
    const document = host.diagnostics();
    assert.equal(document.schema_version, "pedigree.diagnostics.v1");
    assert.equal(document.measured.has_clock, false);
    assert.equal(document.counted.quantization_mode, "q4_0");
    assert.equal(document.counted.use.prompt_tokens, "10");
    assert.equal(document.detail, undefined);
    assert.equal(host.m.free_model(), code.ok);
    assert.equal(host.m.free_model(), code.modelNotLoaded);
    assert.equal(host.diagnostics().counted, undefined);
    assert.equal(host.m.init_runtime(), code.ok);
    assert.equal(host.diagnostics().state.last_error, code.ok);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    test();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${error.stack}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
