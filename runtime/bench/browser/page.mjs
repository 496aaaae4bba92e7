// Two engines, each in a Worker of its own, behind the same four calls, which
// beside_wllama.mjs makes: open(engine), load(engine, model), prefill(engine,
// tokens) and decode(engine, tokens). Rates are tokens a second.

import {LoggerWithoutDebug, Wllama} from "/wllama/index.js";

// Our module; the Worker does the timing, so that no message is timed.
class Pedigree {
  #worker = new Worker("pedigree_worker.mjs", {type: "module"});

  #call(...message) {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({data}) =>
        data.error === undefined ? resolve(data) : reject(new Error(data.error));
      this.#worker.onerror = (event) => reject(new Error(event.message));
      this.#worker.postMessage(message);
    });
  }

  open() {
    return this.#call("open", "/pedigree.wasm");
  }
  load(model) {
    return this.#call("load", model);
  }
  prefill(tokens) {
    return this.#call("prefill", tokens);
  }
  decode(tokens) {
    return this.#call("decode", tokens);
  }
  close() {
    this.#worker.terminate();
  }
}

// wllama with one thread, no GPU, and no prompt that it has seen before; its own
// timings, which leave out the way between threads.
class Peer {
  #wllama = new Wllama(
    {default: "/wllama/wasm/wllama.wasm"}, {logger: LoggerWithoutDebug});

  open() {
    return {version: Wllama.getLibllamaVersion()};
  }
  async load(model) {
    const start = performance.now();
    const file = await (await fetch(model)).blob();
    await this.#wllama.loadModel([file], {
      n_ctx: 1024,
      n_batch: 512,
      n_gpu_layers: 0,
      n_parallel: 1,
      n_threads: 1,
      warmup: false,
    });
    if (this.#wllama.getNumThreads() !== 1) {
      throw new Error(`wllama runs ${this.#wllama.getNumThreads()} threads`);
    }
    return {seconds: (performance.now() - start) / 1000};
  }
  async #run(promptTokens, newTokens) {
    const {timings} = await this.#wllama.createCompletion({
      // A byte is a token; one begins the text.
      prompt: "a".repeat(promptTokens - 1),
      max_tokens: newTokens,
      temperature: 0,
      top_k: 1,
      ignore_eos: true,
      cache_prompt: false,
    });
    return timings;
  }
  async prefill(tokens) {
    const timings = await this.#run(tokens, 1);
    if (timings.prompt_n < tokens) {
      throw new Error(`wllama ran ${timings.prompt_n} of ${tokens} tokens`);
    }
    return {tokens: timings.prompt_n, rate: timings.prompt_per_second};
  }
  async decode(tokens) {
    const timings = await this.#run(2, tokens);
    if (timings.predicted_n < tokens) {
      throw new Error(`wllama made ${timings.predicted_n} of ${tokens} tokens`);
    }
    return {tokens: timings.predicted_n, rate: timings.predicted_per_second};
  }
  close() {
    return this.#wllama.exit();
  }
}

const kinds = {ours: Pedigree, theirs: Peer};
const engines = {};

globalThis.act = async (call, engine, ...rest) => {
  if (call === "open") engines[engine] = new kinds[engine]();
  return engines[engine][call](...rest);
};
globalThis.ready = true;
