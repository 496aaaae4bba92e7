// Decode and prefill rates of the WebAssembly module, one thread:
//
//   node wasm_rates.mjs PEDIGREE.wasm MODEL.slm [ROUNDS [SIMD128_PEAK.wasm]]
//
// Prints JSON like `pedigree bench`: medians over ROUNDS (5), tokens/s, a prefill
// of 512 bytes and a decode of 128 tokens. The model must have the byte tokenizer
// and a context of 512 tokens or more, as those of shape_spec.sh have.
//
// With the module //runtime/bench:simd128_peak it also tells the multiply-adds a
// second that SIMD128 can do here (the best of as many rounds), and the share of
// them that the products of a prefill's matrices are: all the rest of a prefill
// counts against the share.

import fs from "node:fs";

const [modulePath, modelPath, rounds = "5", peakPath] = process.argv.slice(2);
if (modelPath === undefined) {
  console.error(
    "usage: wasm_rates.mjs PEDIGREE.wasm MODEL.slm [ROUNDS [PEAK.wasm]]");
  process.exit(2);
}
function instantiate(path) {
  const module = new WebAssembly.Module(fs.readFileSync(path));
  return new WebAssembly.Instance(module, {}).exports;
}

const m = instantiate(modulePath);

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
  const { state } = diagnostics();
  return {
    seconds,
    prompt: state.prompt_tokens,
    generated: state.generated_tokens,
  };
}

function diagnostics() {
  const begin = m.get_diagnostics_ptr();
  return JSON.parse(Buffer.from(
    m.memory.buffer.slice(begin, begin + m.get_diagnostics_len())));
}

// Weights that a prompt's token meets: all but the output, whose logits only the
// last one needs, and an embedding of its own. All are of one type, but for norms.
function bodyWeights() {
  const { counted } = diagnostics();
  const bytes = counted.tensors_by_dtype.reduce(
    (sum, row) => sum + Number(row.bytes), 0);
  return Number(counted.parameter_count) *
    Number(counted.body_weight_bytes_per_token) / bytes;
}

// Multiply-adds a second.
function simd128Peak(path) {
  const { multiply_add: multiplyAdd } = instantiate(path);
  let best = 0;
  // Rounds of about 50 ms, those before it is compiled among them.
  for (let round = 0; round < Number(rounds) + 10; ++round) {
    const start = performance.now();
    const done = multiplyAdd(5000000);
    best = Math.max(best, done * 1000 / (performance.now() - start));
  }
  return best;
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
const result = {
  decode_tokens_per_second: median(decode).toPrecision(4),
  prefill_tokens_per_second: median(prefill).toPrecision(4),
};
if (peakPath !== undefined) {
  const peak = simd128Peak(peakPath);
  result.simd128_multiply_adds_per_second = peak.toPrecision(4);
  result.prefill_share_of_simd128 =
    (median(prefill) * bodyWeights() / peak).toPrecision(3);
}
console.log(JSON.stringify(result));
