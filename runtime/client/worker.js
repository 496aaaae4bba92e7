// The worker's side of the client: owns the instance and does one job at a time.
//
// A job is a message { id, op, ... }; it ends with { id, value } or
// { id, error }. On its way the job may send { id, pieces }, { id, progress } and
// { id, taken }; it may get { id, chunk }, { id, ended } and { id, cancel }.

import { PedigreeError } from "./errors.js";
import { Instance, MEMORY_LIMIT_BYTES, canAllocate } from "./instance.js";
import { nextTask, openPort, readUrl } from "./platform.js";

// How long a job may go on without looking for a message or sending what it has.
const TURN_MS = 10;

// Read of a file at a time.
const BLOB_PIECE_BYTES = 4 << 20;

/**
 * Bytes as they are sent to a worker: all at once, by reference, by address, or
 * chunk by chunk in messages of their own.
 *
 * @typedef {{ bytes: Uint8Array } | { blob: Blob } | { url: string } |
 *   { chunks: true }} Source
 */

/** @type {import("./platform.js").Port} */
let post = () => {};
/** @type {Instance} */
let instance;
let baseBytes = 0;
/** @type {Map<number, Job>} */
const jobs = new Map();
/** The end of the job that came last: each waits for the one before. */
let last = Promise.resolve();

/** A job in progress: whether it was cancelled, and the chunks that came. */
class Job {
  cancelled = false;
  /** @type {(Uint8Array | undefined)[]} */
  #chunks = [];
  #wake = () => {};
  #fetching = new AbortController();
  #lastTurn = performance.now();

  /** @param {number} id */
  constructor(id) {
    this.id = id;
  }

  /** @param {object} event */
  send(event) {
    post({ id: this.id, ...event });
  }

  /** @param {any} message */
  receive(message) {
    if (message.cancel) {
      this.cancelled = true;
      this.#fetching.abort();
    }
    if (message.chunk) this.#chunks.push(message.chunk);
    if (message.ended) this.#chunks.push(undefined);
    this.#wake();
  }

  /** Whether it is time to end a turn. */
  get turnIsOver() {
    return performance.now() - this.#lastTurn >= TURN_MS;
  }

  async endTurn() {
    await nextTask();
    this.#lastTurn = performance.now();
  }

  checkCancelled() {
    if (this.cancelled) throw new PedigreeError("Cancelled", "Cancelled");
  }

  /**
   * The pieces of a source.
   *
   * @param {Source} source
   * @throws {PedigreeError} Cancelled; SourceFailed
   */
  async* read(source) {
    try {
      for await (const piece of this.#pieces(source)) {
        if (this.turnIsOver) await this.endTurn();
        this.checkCancelled();
        yield piece;
      }
    } catch (error) {
      this.checkCancelled();
      throw sourceFailed(error);
    }
    this.checkCancelled();
  }

  /**
   * @param {Source} source
   * @returns {AsyncIterable<Uint8Array> | Iterable<Uint8Array>}
   */
  #pieces(source) {
    if ("bytes" in source) return [source.bytes];
    if ("blob" in source) return readBlob(source.blob);
    if ("url" in source) return readUrl(source.url, this.#fetching.signal);
    return this.#received();
  }

  async* #received() {
    for (;;) {
      while (this.#chunks.length === 0 && !this.cancelled) {
        await /** @type {Promise<void>} */ (
          new Promise((resolve) => { this.#wake = resolve; }));
      }
      const chunk = this.cancelled ? undefined : this.#chunks.shift();
      if (chunk === undefined) return;
      yield chunk;
      this.send({ taken: chunk.length });
    }
  }
}

/**
 * The next piece is read while one is used.
 *
 * @param {Blob} blob
 */
async function* readBlob(blob) {
  const read = (/** @type {number} */ at) =>
    blob.slice(at, at + BLOB_PIECE_BYTES).arrayBuffer();
  let next = read(0);
  for (let at = 0; at < blob.size;) {
    const piece = new Uint8Array(await next);
    at += piece.length;
    next = read(at);
    // A read that the reader did not stay for is nobody's failure.
    next.catch(() => {});
    yield piece;
  }
}

/** @param {unknown} error */
function sourceFailed(error) {
  const cause = error instanceof Error ? error.message : error;
  return new PedigreeError("SourceFailed", `Cannot read: ${cause}`);
}

/**
 * @param {string} what
 * @param {string} found
 * @param {string | undefined} expected
 */
function checkDigest(what, found, expected) {
  if (expected === undefined || found === expected) return;
  throw new PedigreeError("DigestMismatch",
    `Invalid ${what}: sha256 (${found}, expected ${expected})`);
}

/** The last result, `sha256:<hex>`, without what it begins with. */
function resultDigest() {
  return new TextDecoder().decode(instance.result()).replace("sha256:", "");
}

/** Tells how much of `total` is done, a few times a second. */
class Progress {
  #told = -Infinity;
  /**
   * @param {Job} job
   * @param {number} total
   */
  constructor(job, total) {
    this.job = job;
    this.total = total;
  }
  /** @param {number} done */
  tell(done) {
    const now = performance.now();
    if (done < this.total && now - this.#told < 50) return;
    this.#told = now;
    this.job.send({ progress: { done, total: this.total } });
  }
}

/** @type {Record<string, (job: Job, message: any) => Promise<any> | any>} */
const operations = {
  async start(_job, { module }) {
    const bytes = "bytes" in module ? module.bytes : await fetchAll(module.url);
    instance = await Instance.create(bytes);
    baseBytes = instance.memoryBytes;
  },

  async loadModel(job, { source, size, sha256 }) {
    instance.call("begin_model", size);
    try {
      const digest = await upload(job, source, size);
      checkDigest("model", digest, sha256);
      instance.call("finish_model");
      return { sha256: digest, size };
    } catch (error) {
      instance.release("drop_upload");
      throw error;
    }
  },

  freeModel: () => instance.call("free_model"),

  preflight(_job, { size }) {
    const needBytes = baseBytes + size;
    const fits = canAllocate(needBytes);
    return { fits, needBytes, limitBytes: MEMORY_LIMIT_BYTES };
  },

  validateAdapter: (_job, { bytes }) =>
    instance.callWithBytes("validate_adapter_delta", bytes),

  async applyAdapter(job, { bytes, sha256 }) {
    if (sha256 !== undefined) {
      checkDigest("adapter", await digestOf(job, { bytes }), sha256);
    }
    instance.callWithBytes("apply_adapter_delta", bytes);
  },

  resetAdapters: () => instance.call("reset_adapters"),

  resetContext: () => instance.call("reset_context"),

  setSampling: (_job, { temperature, topK, topP, seed }) =>
    instance.call("set_sampling_config", temperature, topK, topP, seed),

  async generate(job, { prompt, maxNewTokens }) {
    instance.callWithBytes("generate", new TextEncoder().encode(prompt), 0);
    /** @type {Uint8Array[]} */
    let pieces = [];
    const flush = () => {
      if (pieces.length > 0) job.send({ pieces });
      pieces = [];
    };
    try {
      for (let count = 0; count < maxNewTokens; ++count) {
        if (count < 2 || job.turnIsOver) {
          flush();
          await job.endTurn();
        }
        if (job.cancelled) instance.call("request_cancel");
        instance.call("generate_next_token");
        const piece = instance.result();
        if (piece === undefined) break;
        pieces.push(piece);
      }
    } finally {
      flush();
    }
  },

  async runEval(job, { request }) {
    instance.callWithBytes("begin_eval", request);
    /** @type {Progress | undefined} */
    let progress;
    let state = instance.result();
    while (state !== undefined) {
      const { done, total } = JSON.parse(new TextDecoder().decode(state));
      progress ??= new Progress(job, total);
      progress.tell(done);
      if (job.turnIsOver) await job.endTurn();
      if (job.cancelled) instance.call("request_cancel");
      instance.call("continue_eval");
      state = instance.result();
    }
    instance.call("finish_eval");
    return instance.result();
  },

  diagnostics: () => instance.diagnostics(),

  memoryBytes: () => instance.memoryBytes,

  sha256: (job, { source }) => digestOf(job, source),
};

/** @param {string} url */
async function fetchAll(url) {
  const pieces = [];
  try {
    for await (const piece of readUrl(url)) pieces.push(piece);
  } catch (error) {
    throw sourceFailed(error);
  }
  return new Blob(pieces).arrayBuffer();
}

/**
 * Fills the module's upload.
 *
 * @param {Job} job
 * @param {Source} source
 * @param {number} size
 * @returns {Promise<string>} the digest of what came
 */
async function upload(job, source, size) {
  const progress = new Progress(job, size);
  let done = 0;
  await feed(job, source, "append_model", (bytes) => {
    done += bytes;
    if (done > size) throw wrongSize("at least ", done, size);
    progress.tell(done);
  });
  if (done !== size) throw wrongSize("", done, size);
  instance.call("upload_digest");
  return resultDigest();
}

/**
 * Hands the pieces of a source to a function of the module.
 *
 * @param {Job} job
 * @param {Source} source
 * @param {string} name
 * @param {(bytes: number) => void} [count] gets each piece's length beforehand
 */
async function feed(job, source, name, count) {
  const pipe = instance.openPipe(name);
  try {
    for await (const piece of job.read(source)) {
      count?.(piece.length);
      pipe.write(piece);
    }
  } finally {
    pipe.close();
  }
}

/**
 * @param {string} bound
 * @param {number} found
 * @param {number} expected
 */
function wrongSize(bound, found, expected) {
  return new PedigreeError("SizeMismatch",
    `Invalid model: size (${bound}${found} bytes, expected ${expected})`);
}

/**
 * @param {Job} job
 * @param {Source} source
 * @returns {Promise<string>}
 */
async function digestOf(job, source) {
  instance.call("begin_hash");
  await feed(job, source, "append_hash");
  instance.call("finish_hash");
  return resultDigest();
}

/** @param {unknown} error */
function describe(error) {
  if (error instanceof PedigreeError) {
    const { code, message } = error;
    return { code, message, fatal: "fatal" in error };
  }
  const what = error instanceof Error ? error.stack ?? error.message : error;
  return { code: "WorkerCrashed", message: String(what), fatal: true };
}

/**
 * @param {Job} job
 * @param {any} message
 */
async function run(job, message) {
  try {
    job.send({ value: await operations[message.op](job, message) });
  } catch (error) {
    job.send({ error: describe(error) });
  } finally {
    jobs.delete(job.id);
  }
}

/** @param {any} message */
function receive(message) {
  const { id, op } = message;
  const running = jobs.get(id);
  if (running !== undefined) return running.receive(message);
  // What comes for a job that has ended is late, not wrong.
  if (op === undefined) return;
  const job = new Job(id);
  jobs.set(id, job);
  last = last.then(() => run(job, message));
}

post = await openPort(receive);
