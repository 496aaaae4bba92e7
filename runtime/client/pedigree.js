// Small language models in a worker: `Pedigree` loads, verifies, runs and
// evaluates them by the WebAssembly module, and never blocks the thread that it is
// used from. See README.md.

import { PedigreeError } from "./errors.js";
import { Generation } from "./generation.js";
import { startWorker } from "./platform.js";

export { ERROR_CODES, PedigreeError } from "./errors.js";
export { Generation } from "./generation.js";

/**
 * Where bytes come from. A `URL` is fetched by the worker, a `Blob` is read by it;
 * neither passes through the calling thread.
 *
 * @typedef {Uint8Array | Blob | Response | ReadableStream<Uint8Array> | URL}
 *   ByteSource
 */

/**
 * @typedef {object} Progress
 * @property {number} done
 * @property {number} total
 */

/**
 * @typedef {object} CallOptions
 * @property {(event: any) => void} [onEvent] gets what the job sends on its way
 * @property {AbortSignal} [signal]
 * @property {Transferable[]} [transfer]
 * @property {ByteSource} [source] sent chunk by chunk
 */

// The most that is under way to the worker and not yet taken.
const WINDOW_BYTES = 4 << 20;

// Copied for the worker at a time.
const PIECE_BYTES = 1 << 20;

const MAX_U32 = 0xffffffff;
const MAX_U64 = 0xffffffffffffffffn;

/** What a call of the worker is waiting for. */
class Call {
  /** @type {unknown} a failure on this side, told instead of the job's */
  failure;
  #inFlight = 0;
  #wake = () => {};

  /** @param {CallOptions} options */
  constructor(options) {
    this.options = options;
    this.settled = false;
    /** @type {(value: any) => void} */
    this.resolve = () => {};
    /** @type {(error: unknown) => void} */
    this.reject = () => {};
    /** @type {Promise<any>} */
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    /** @type {() => void} */
    this.onSettled = () => {};
  }

  settle() {
    this.settled = true;
    this.onSettled();
    this.#wake();
  }

  /** @param {number} bytes */
  taken(bytes) {
    this.#inFlight -= bytes;
    this.#wake();
  }

  /** @param {number} bytes */
  async sent(bytes) {
    this.#inFlight += bytes;
    while (this.#inFlight > WINDOW_BYTES && !this.settled) {
      await /** @type {Promise<void>} */ (
        new Promise((resolve) => { this.#wake = resolve; }));
    }
  }
}

/** A runtime in a worker of its own, with one model at a time. */
export class Pedigree {
  #moduleSource;
  #workerUrl;
  /** @type {import("./platform.js").WorkerHandle | undefined} */
  #worker;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #nextId = 1;
  /** @type {string | undefined} the long call in progress */
  #long = "start";
  /** @type {PedigreeError | undefined} why no call can succeed */
  #fault;

  /**
   * Starts a worker with an instance of the module.
   *
   * @param {object} options
   * @param {URL | ArrayBuffer | Uint8Array} [options.module] pedigree.wasm;
   *   default: the file beside this script
   * @param {URL} [options.worker] worker.js; default: beside this script
   * @returns {Promise<Pedigree>}
   * @throws {PedigreeError} ModuleRejected, SourceFailed, WorkerCrashed
   */
  static async start({ module, worker } = {}) {
    const pedigree = new Pedigree(
      module ?? new URL("pedigree.wasm", import.meta.url),
      worker ?? new URL("worker.js", import.meta.url));
    try {
      await pedigree.#boot();
    } catch (error) {
      pedigree.close();
      throw error;
    }
    return pedigree;
  }

  /**
   * Use `Pedigree.start`.
   *
   * @hideconstructor
   * @param {URL | ArrayBuffer | Uint8Array} module
   * @param {URL} worker
   */
  constructor(module, worker) {
    this.#moduleSource = module instanceof URL ? { url: module.href } :
      { bytes: copyOf(new Uint8Array(module)) };
    this.#workerUrl = worker;
  }

  /**
   * `busy` while a load, generation, evaluation or hash goes on, `starting` until
   * the worker has started, `crashed` until `restart()`.
   *
   * @returns {"starting" | "ready" | "busy" | "crashed" | "closed"}
   */
  get state() {
    if (this.#fault !== undefined) {
      return this.#fault.codeName === "Closed" ? "closed" : "crashed";
    }
    if (this.#long === "start") return "starting";
    return this.#long === undefined ? "ready" : "busy";
  }

  /**
   * Loads a model, which is hashed while it streams in and held once. Nothing of
   * it is parsed before all bytes are there and, with `sha256`, their digest is the
   * expected one. The model before stays until this succeeds: call `freeModel`
   * first where memory is short. A signal stops it between pieces.
   *
   * @param {ByteSource} source
   * @param {object} options
   * @param {number} options.size bytes
   * @param {string} [options.sha256] 64 hex digits
   * @param {(progress: Progress) => void} [options.onProgress] bytes
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<{ sha256: string, size: number }>} what was loaded
   */
  async loadModel(source, { size, sha256, onProgress, signal }) {
    checkInteger("size", size, 0, Number.MAX_SAFE_INTEGER);
    if (size > MAX_U32) {
      throw new PedigreeError("ResourceLimit",
        `Model of ${size} bytes exceeds ${MAX_U32}`);
    }
    checkHex(sha256);
    return this.#callLong("loadModel", { size, sha256 }, {
      source, signal, onEvent: ({ progress }) => onProgress?.(progress),
    });
  }

  /** Drops the model. */
  async freeModel() {
    await this.#call("freeModel");
  }

  /**
   * Whether the module could have `size` bytes besides what it takes itself: the
   * memory is asked for, and given back. `size` is the model's file and what it
   * runs in (docs/formats/diagnostics.md, "Memory").
   *
   * @param {object} options
   * @param {number} options.size bytes
   * @returns {Promise<{ fits: boolean, needBytes: number, limitBytes: number }>}
   */
  async preflight({ size }) {
    checkInteger("size", size, 0, Number.MAX_SAFE_INTEGER);
    return this.#call("preflight", { size });
  }

  /**
   * Whether the adapter could be applied now: rejected when it could not.
   *
   * @param {Uint8Array} bytes
   */
  async validateAdapter(bytes) {
    await this.#callWithBytes("validateAdapter", { bytes: copyOf(bytes) });
  }

  /**
   * Puts an adapter on top of those applied before, all or nothing.
   *
   * @param {Uint8Array} bytes
   * @param {object} options
   * @param {string} [options.sha256] 64 hex digits; checked before all else
   */
  async applyAdapter(bytes, { sha256 } = {}) {
    checkHex(sha256);
    await this.#callWithBytes("applyAdapter", { bytes: copyOf(bytes), sha256 });
  }

  /** Back to the base model, exactly. */
  async resetAdapters() {
    await this.#call("resetAdapters");
  }

  /** Forgets prompt and output. */
  async resetContext() {
    await this.#call("resetContext");
  }

  /**
   * How the generations that begin from now on choose tokens. Default: greedy.
   *
   * @param {object} options
   * @param {number} [options.temperature] 0 or more; default 0
   * @param {number} [options.topK] 1 to 1024; default 1
   * @param {number} [options.topP] above 0, at most 1; default 1
   * @param {number | bigint} [options.seed] an integer of 64 bits; default 1
   */
  async setSampling({ temperature = 0, topK = 1, topP = 1, seed = 1n }) {
    checkInteger("topK", topK, 0, MAX_U32);
    const wide = BigInt(seed);
    if (wide < 0n || wide > MAX_U64) {
      throw new RangeError(`seed (${wide}, expected 0 to ${MAX_U64})`);
    }
    await this.#call("setSampling", { temperature, topK, topP, seed: wide });
  }

  /**
   * Generates from a fresh context. It starts at once; what comes can be iterated
   * over, and leaving the loop early cancels it, as does the signal: between two
   * tokens, since a prompt is run in one go.
   *
   * @param {string} prompt
   * @param {object} options
   * @param {number} [options.maxNewTokens] default: to the context's end
   * @param {AbortSignal} [options.signal]
   * @param {(piece: Uint8Array) => void} [options.onToken] gets the bytes of each
   *   token as they come, perhaps none; a character may be split over two
   * @returns {Generation}
   */
  generate(prompt, { maxNewTokens = MAX_U32, signal, onToken } = {}) {
    checkInteger("maxNewTokens", maxNewTokens, 1, MAX_U32);
    const stop = new AbortController();
    const generation = new Generation(onToken, () => stop.abort());
    if (signal?.aborted) stop.abort();
    const abort = () => stop.abort();
    signal?.addEventListener("abort", abort);
    generation.follow(this.#callLong("generate", { prompt, maxNewTokens }, {
      signal: stop.signal,
      onEvent: ({ pieces }) => generation.add(pieces),
    }).finally(() => signal?.removeEventListener("abort", abort)));
    return generation;
  }

  /**
   * Runs an eval request (docs/formats/evaluation.md, "Request"). A signal stops it
   * between two batches of tokens; model and adapters stay.
   *
   * @param {Uint8Array | string} request
   * @param {object} options
   * @param {(progress: Progress) => void} [options.onProgress] cases
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<Uint8Array>} the sidecar, the native runtime's bytes
   */
  runEval(request, { onProgress, signal } = {}) {
    const bytes = typeof request === "string" ?
      new TextEncoder().encode(request) : copyOf(request);
    return this.#callLong("runEval", { request: bytes }, {
      signal, transfer: [bytes.buffer],
      onEvent: ({ progress }) => onProgress?.(progress),
    });
  }

  /**
   * The diagnostics document (docs/formats/diagnostics.md).
   *
   * @returns {Promise<Uint8Array>}
   */
  diagnostics() {
    return this.#call("diagnostics");
  }

  /**
   * What the module's memory has grown to; it never shrinks.
   *
   * @returns {Promise<number>}
   */
  memoryBytes() {
    return this.#call("memoryBytes");
  }

  /**
   * SHA-256 by the module, read as `loadModel` reads.
   *
   * @param {ByteSource} source
   * @param {object} options
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<string>} 64 hex digits
   */
  sha256(source, { signal } = {}) {
    return this.#callLong("sha256", {}, { source, signal });
  }

  /** Ends the worker; every pending call is rejected with Closed. */
  close() {
    this.#end(new PedigreeError("Closed", "The client was closed"));
  }

  /**
   * A new worker and instance, without a model: after WorkerCrashed or
   * OutOfMemory, or to end a call that does not come back, which is rejected with
   * Cancelled.
   */
  async restart() {
    if (this.state === "closed") throw this.#fault;
    if (this.state === "starting") throw busy("start");
    this.#end(new PedigreeError("Cancelled", "The worker was restarted"));
    this.#long = "start";
    this.#fault = undefined;
    await this.#boot();
  }

  async #boot() {
    const url = this.#workerUrl;
    try {
      /** @type {import("./platform.js").WorkerHandle | undefined} */
      let started;
      const own = (/** @type {() => void} */ act) => {
        if (started !== undefined && started === this.#worker) act();
      };
      started = await startWorker(url,
        (message) => own(() => this.#receive(message)),
        (reason) => own(() => this.#end(crashed(reason))));
      if (this.#fault !== undefined) {
        started.terminate();
        throw this.#fault;
      }
      this.#worker = started;
      await this.#send("start", { module: this.#moduleSource });
    } catch (error) {
      const fault = error instanceof PedigreeError ? error :
        crashed(error instanceof Error ? error.message : String(error));
      this.#end(fault);
      throw fault;
    } finally {
      this.#long = undefined;
    }
  }

  /**
   * Ends the worker and every call; the first fault stays, but for Closed.
   *
   * @param {PedigreeError} fault
   */
  #end(fault) {
    if (this.#fault === undefined || fault.codeName === "Closed") {
      this.#fault = fault;
    }
    this.#worker?.terminate();
    this.#worker = undefined;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) {
      call.settle();
      call.reject(call.failure ?? fault);
    }
  }

  /**
   * A call that is refused while a long one goes on.
   *
   * @param {string} op
   * @param {object} [message]
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async #call(op, message = {}, options = {}) {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#long !== undefined) throw busy(this.#long);
    return this.#send(op, message, options);
  }

  /**
   * @param {string} op
   * @param {{ bytes: Uint8Array, sha256?: string }} message its bytes are given
   *   away
   */
  #callWithBytes(op, message) {
    return this.#call(op, message, { transfer: [message.bytes.buffer] });
  }

  /**
   * A call during which others are refused.
   *
   * @param {string} op
   * @param {object} message
   * @param {CallOptions} options
   * @returns {Promise<any>}
   */
  async #callLong(op, message, options) {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#long !== undefined) throw busy(this.#long);
    if (options.signal?.aborted) {
      throw new PedigreeError("Cancelled", "Cancelled before it began");
    }
    this.#long = op;
    const worker = this.#worker;
    try {
      return await this.#send(op, message, options);
    } finally {
      // Another worker has calls of its own.
      if (worker === this.#worker) this.#long = undefined;
    }
  }

  /**
   * @param {string} op
   * @param {object} message
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async #send(op, message, options = {}) {
    const { signal, source, transfer } = options;
    const chunks = source === undefined ? undefined : chunkReader(source);
    const id = this.#nextId++;
    const call = new Call(options);
    const cancel = () => this.#worker?.post({ id, cancel: true });
    signal?.addEventListener("abort", cancel);
    call.onSettled = () => signal?.removeEventListener("abort", cancel);
    this.#calls.set(id, call);
    const sent = source === undefined ? message :
      { ...message, source: describeSource(source) };
    this.#worker?.post({ id, op, ...sent }, transfer);
    if (chunks !== undefined) void this.#pump(id, call, chunks);
    return call.promise;
  }

  /**
   * Sends the chunks of a source while the call wants them.
   *
   * @param {number} id
   * @param {Call} call
   * @param {ChunkReader} chunks
   */
  async #pump(id, call, chunks) {
    const { onSettled } = call;
    call.onSettled = () => {
      onSettled();
      chunks.cancel();
    };
    try {
      for (;;) {
        const chunk = await chunks.next();
        if (call.settled) return;
        if (chunk === undefined) break;
        for (const piece of ownedPieces(chunk, chunks.giveAway)) {
          const { length } = piece;
          this.#worker?.post({ id, chunk: piece }, [piece.buffer]);
          await call.sent(length);
          if (call.settled) return;
        }
      }
      this.#worker?.post({ id, ended: true });
    } catch (error) {
      this.#failHere(id, call, sourceFailed(error));
    }
  }

  /**
   * Cancels a job because of a failure on this side.
   *
   * @param {number} id
   * @param {Call} call
   * @param {unknown} failure
   */
  #failHere(id, call, failure) {
    call.failure ??= failure;
    this.#worker?.post({ id, cancel: true });
  }

  /** @param {any} message */
  #receive(message) {
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    if ("value" in message || "error" in message) {
      this.#finish(message, call);
    } else if (message.taken !== undefined) {
      call.taken(message.taken);
    } else if (call.failure === undefined) {
      try {
        call.options.onEvent?.(message);
      } catch (error) {
        this.#failHere(message.id, call, error);
      }
    }
  }

  /**
   * @param {any} message
   * @param {Call} call
   */
  #finish({ id, value, error }, call) {
    if (error?.fatal) {
      this.#end(new PedigreeError(error.code, error.message));
      return;
    }
    this.#calls.delete(id);
    call.settle();
    if (call.failure !== undefined) call.reject(call.failure);
    else if (error === undefined) call.resolve(value);
    else call.reject(new PedigreeError(error.code, error.message));
  }
}

/**
 * Reads a source on this side.
 *
 * @typedef {object} ChunkReader
 * @property {() => Promise<Uint8Array | undefined>} next undefined at the end
 * @property {() => void} cancel
 * @property {boolean} giveAway whether nobody else uses its chunks
 */

/**
 * @param {ByteSource} source
 * @returns {ChunkReader | undefined} undefined for what the worker reads itself
 */
function chunkReader(source) {
  if (source instanceof Uint8Array) return bytesReader(source);
  if (source instanceof Blob || source instanceof URL) return undefined;
  const fetched = source instanceof Response;
  const stream = fetched ? source.body : source;
  if (stream === null) return bytesReader(new Uint8Array(0));
  const reader = readerOf(stream);
  return {
    next: async () => (await reader.read()).value,
    cancel: () => void reader.cancel().catch(() => {}),
    giveAway: fetched,
  };
}

/** @param {ReadableStream<Uint8Array>} stream */
function readerOf(stream) {
  try {
    return stream.getReader();
  } catch (error) {
    // Somebody else reads it, or it is no stream.
    throw sourceFailed(error);
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {ChunkReader}
 */
function bytesReader(bytes) {
  let rest = bytes.length === 0 ? undefined : bytes;
  return {
    async next() {
      const all = rest;
      rest = undefined;
      return all;
    },
    cancel() {},
    giveAway: false,
  };
}

/**
 * A chunk in pieces that may be given to the worker: itself, or copies of no more
 * than a thread may make in a moment.
 *
 * @param {Uint8Array} chunk
 * @param {boolean} giveAway
 */
function* ownedPieces(chunk, giveAway) {
  if (giveAway && chunk.length === chunk.buffer.byteLength) {
    yield chunk;
    return;
  }
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
    yield copyOf(chunk.subarray(at, at + PIECE_BYTES));
  }
}

/**
 * In a buffer of its own, where Node's `Buffer` would share one.
 *
 * @param {Uint8Array} bytes
 */
function copyOf(bytes) {
  return new Uint8Array(bytes);
}

/**
 * @param {ByteSource} source
 * @returns {import("./worker.js").Source}
 */
function describeSource(source) {
  if (source instanceof Blob) return { blob: source };
  if (source instanceof URL) return { url: source.href };
  return { chunks: true };
}

/**
 * @param {string} name
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function checkInteger(name, value, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} (${value}, expected ${least} to ${most})`);
}

/** @param {string | undefined} sha256 */
function checkHex(sha256) {
  if (sha256 === undefined || /^[0-9a-f]{64}$/.test(sha256)) return;
  throw new TypeError(`sha256 (${sha256}, expected 64 lowercase hex digits)`);
}

/** @param {string} op */
function busy(op) {
  return new PedigreeError("Busy", `Another call goes on: ${op}`);
}

/** @param {string} reason */
function crashed(reason) {
  return new PedigreeError("WorkerCrashed", `The worker has ended: ${reason}`);
}

/** @param {unknown} error */
function sourceFailed(error) {
  const what = error instanceof Error ? error.message : String(error);
  return new PedigreeError("SourceFailed", `Cannot read: ${what}`,
    { cause: error });
}
