// Drives the module by its plain exports (docs/formats/wasm_abi.md): a message
// [call, argument] is answered by one message.

let m;

function lastResult() {
  const begin = m.last_result_ptr();
  return new TextDecoder().decode(
    new Uint8Array(m.memory.buffer, begin, m.last_result_len()));
}

function check(status, step) {
  if (status !== 0) throw new Error(`${step}: ${status}: ${lastResult()}`);
}

function withBytes(bytes, use) {
  const block = m.alloc(bytes.length);
  new Uint8Array(m.memory.buffer).set(bytes, block);
  const status = use(block, bytes.length);
  m.dealloc(block, bytes.length);
  return status;
}

function state() {
  const begin = m.get_diagnostics_ptr();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(
    m.memory.buffer, begin, m.get_diagnostics_len()))).state;
}

// Milliseconds that `work` takes.
async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

// Each piece of the file, as it comes, goes to `use`.
async function stream(url, use) {
  const response = await fetch(url);
  const reader = response.body.getReader();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    check(withBytes(value, use), "stream");
  }
}

const calls = {
  async open(url) {
    const {instance} = await WebAssembly.instantiateStreaming(fetch(url), {});
    m = instance.exports;
    check(m.init_runtime(), "init_runtime");
    return {version: `ABI ${m.abi_version()}`};
  },

  // The same bytes three times: fetched and hashed by the module, fetched and
  // hashed by WebCrypto, and loaded, hashed on the way and compared.
  async load(url) {
    const size = Number(
      (await fetch(url, {method: "HEAD"})).headers.get("content-length"));
    let digest;
    const hash = await time(async () => {
      check(m.begin_hash(), "begin_hash");
      await stream(url, m.append_hash);
      check(m.finish_hash(), "finish_hash");
      digest = lastResult();
    });
    const webCrypto = await time(async () => {
      const bytes = await (await fetch(url)).arrayBuffer();
      await crypto.subtle.digest("SHA-256", bytes);
    });
    const load = await time(async () => {
      check(m.begin_model(size), "begin_model");
      await stream(url, m.append_model);
      check(m.upload_digest(), "upload_digest");
      if (lastResult() !== digest) throw new Error("another digest");
      check(m.finish_model(), "finish_model");
    });
    return {
      seconds: load / 1000,
      bytes: size,
      hashShare: hash / load,
      webCryptoShare: webCrypto / hash,
    };
  },

  // A byte is a token; one begins the text.
  async prefill(tokens) {
    const prompt = new Uint8Array(tokens - 1).fill(97);
    const ms = await time(() => check(
      withBytes(prompt, (at, size) => m.generate(at, size, 1)), "generate"));
    const ran = state().prompt_tokens;
    return {tokens: ran, rate: 1000 * ran / ms};
  },

  async decode(tokens) {
    const ms = await time(() => check(
      withBytes(new Uint8Array([97]), (at, size) => m.generate(at, size, tokens)),
      "generate"));
    const made = state().generated_tokens;
    return {tokens: made, rate: 1000 * made / ms};
  },
};

onmessage = async ({data: [call, argument]}) => {
  try {
    postMessage(await calls[call](argument));
  } catch (error) {
    postMessage({error: `${call}: ${error.message}`});
  }
};
