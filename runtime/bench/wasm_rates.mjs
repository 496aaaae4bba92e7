// Decode and prefill rates of the WebAssembly module, one thread:
//
//   node wasm_rates.mjs PEDIGREE.wasm MODEL.slm [ROUNDS]
//
// Prints JSON like `pedigree bench`: medians over ROUNDS (5), tokens/s, a prefill
// of 512 bytes and a decode of 128 tokens. The model must have the byte tokenizer
// and a context of 512 tokens or more, as those of shape_spec.sh have.

import fs from "node:fs";

const [modulePath, modelPath, rounds = "5"] = process.argv.slice(2);
if (modelPath === undefined) {
  console.error("usage: wasm_rates.mjs PEDIGREE.wasm MODEL.slm [ROUNDS]");
  process.exit(2);
}
const m = new WebAssembly.Instance(
  new WebAssembly.Module(fs.readFileSync(modulePath)), {}).exports;

function check(status, step) {
  if (status === 0) return;
  const begin = m.last_result_ptr();
  const message = Buffer.from(
    m.memory.buffer.slice(begin, begin + m.last_result_len()));
  throw new Error(`${step}: status ${status}: ${message}`);
}

function withBytes(bytes, use) {
  const block = m.alloc(bytes.length);
  new Uint8Array(m.memory.buffer).set(bytes, block);
  const status = use(block, bytes.length);
  m.dealloc(block, bytes.length);
  return status;
}

// Seconds and tokens of one generation.
function generate(promptBytes, newTokens) {
  const prompt = new Uint8Array(promptBytes).fill(97);
  const start = performance.now();
  const status = withBytes(prompt, (p, n) => m.generate(p, n, newTokens));
  const seconds = (performance.now() - start) / 1000;
  check(status, "generate");
  const begin = m.get_diagnostics_ptr();
  const text = Buffer.from(
    m.memory.buffer.slice(begin, begin + m.get_diagnostics_len())).toString();
  const count = (name) => Number(new RegExp(`"${name}":"?(\\d+)`).exec(text)[1]);
  return {
    seconds,
    prompt: count("prompt_tokens"),
    generated: count("generated_tokens"),
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

check(m.init_runtime(), "init_runtime");
const file = fs.openSync(modelPath, "r");
const size = fs.fstatSync(file).size;
check(m.begin_model(size), "begin_model");
const chunk = Buffer.alloc(1 << 22);
for (let read; (read = fs.readSync(file, chunk)) > 0;) {
  check(withBytes(chunk.subarray(0, read), m.append_model), "append_model");
}
check(m.finish_model(), "finish_model");

// The first round is not told: it waits for the compiler.
generate(510, 1);
generate(1, 128);
const prefill = [];
const decode = [];
for (let round = 0; round < Number(rounds); ++round) {
  const long = generate(510, 1);
  prefill.push(long.prompt / long.seconds);
  // A prompt of one byte, so that nearly all of the time is decoding.
  const short = generate(1, 128);
  decode.push(short.generated / short.seconds);
}
console.log(JSON.stringify({
  decode_tokens_per_second: median(decode).toPrecision(4),
  prefill_tokens_per_second: median(prefill).toPrecision(4),
}));
