// Three engines, each in a Worker of its own, behind the same four calls, which
// beside_wllama.mjs makes: open(engine), load(engine, model), prefill(engine,
// tokens) and decode(engine, tokens). Rates are tokens a second.

import * as single from "/wllama-single-thread/index.js";
import {LoggerWithoutDebug, Wllama} from "/wllama/index.js";

const context = {n_ctx: 1024, n_batch: 512, n_threads: 1};

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
}

// wllama with one thread, no GPU, and no prompt that it has seen before; its own
// timings, which leave out the way between threads.
class Peer {
  #wllama = new Wllama(
    {default: "/wllama/wasm/wllama.wasm"}, {logger: LoggerWithoutDebug});

  open() {}
  async load(model) {
    const file = await (await fetch(model)).blob();
    await this.#wllama.loadModel([file],
      {...context, n_gpu_layers: 0, n_parallel: 1, warmup: false});
    if (this.#wllama.getNumThreads() !== 1) {
      throw new Error(`wllama runs ${this.#wllama.getNumThreads()} threads`);
    }
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
}

// The last wllama with a module for one thread. It is timed from here: a message for
// the whole prompt, then one for each token.
class SingleThreadPeer {
  #wllama = new single.Wllama(
    {"single-thread/wllama.wasm": "/wllama-single-thread/single-thread/wllama.wasm"},
    {logger: single.LoggerWithoutDebug});

  open() {}
  async load(model) {
    const file = await (await fetch(model)).blob();
    await this.#wllama.loadModel([file], context);
    if (this.#wllama.isMultithread()) throw new Error("wllama runs threads");
  }
  // The rate at which `steps` lists of tokens follow each other.
  async #rate(steps) {
    await this.#wllama.kvClear();
    const start = performance.now();
    for (const tokens of steps) await this.#wllama.decode(tokens, {});
    const count = steps.flat().length;
    return {tokens: count, rate: 1000 * count / (performance.now() - start)};
  }
  prefill(tokens) {
    return this.#rate([Array(tokens).fill(100)]);
  }
  decode(tokens) {
    return this.#rate(Array(tokens).fill([100]));
  }
}

const kinds = {
  ours: Pedigree, wllama: Peer, "wllama-single-thread": SingleThreadPeer,
};
const engines = {};

globalThis.act = async (call, engine, ...rest) => {
  if (call === "open") engines[engine] = new kinds[engine]();
  return engines[engine][call](...rest);
};
globalThis.ready = true;
