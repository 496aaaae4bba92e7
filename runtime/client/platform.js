// What browsers and Node do differently: threads, the next task, files by URL.

/**
 * The worker's end of the line to its client.
 *
 * @typedef {(message: any) => void} Port
 */

/**
 * A running worker as its client sees it.
 *
 * @typedef {object} WorkerHandle
 * @property {(message: any, transfer?: Transferable[]) => void} post
 * @property {() => void} terminate ends it; `died` is not called then
 */

/** Whether this is Node, not a browser. */
export const isNode = typeof process !== "undefined" &&
  process.versions?.node !== undefined;

/**
 * Starts a worker and waits until it listens.
 *
 * @param {URL} url
 * @param {(message: any) => void} receive gets each message
 * @param {(reason: string) => void} died called at most once, when the worker
 *   has failed, or ended by itself
 * @returns {Promise<WorkerHandle>} rejected when it dies before it listens
 */
export function startWorker(url, receive, died) {
  return new Promise((resolve, reject) => {
    /** @type {WorkerHandle | undefined} */
    let handle;
    let listens = false;
    let ended = false;
    const watch = new AbortController();
    /** @param {string} reason */
    const end = (reason) => {
      if (ended) return;
      ended = true;
      if (listens) died(reason);
      else reject(new Error(reason));
    };
    /** @param {any} message */
    const first = (message) => {
      if (listens) return receive(message);
      listens = true;
      if (message.lock !== "") {
        watchLock(message.lock, watch.signal, () => end("it ended by itself"));
      }
      resolve(/** @type {WorkerHandle} */ (handle));
    };
    createWorker(url, first, end).then((worker) => {
      handle = {
        post: worker.post,
        terminate() {
          ended = true;
          watch.abort();
          worker.terminate();
        },
      };
    }, reject);
  });
}

/**
 * @param {URL} url
 * @param {(message: any) => void} receive
 * @param {(reason: string) => void} end
 * @returns {Promise<WorkerHandle>}
 */
async function createWorker(url, receive, end) {
  if (isNode) {
    const { Worker } = await import("node:worker_threads");
    const worker = new Worker(url);
    worker.on("message", receive);
    worker.on("messageerror", (error) => end(error.message));
    worker.on("error", (error) => end(String(error?.message ?? error)));
    worker.on("exit", (status) => end(`it ended with status ${status}`));
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      terminate: () => void worker.terminate(),
    };
  }
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => receive(data);
  worker.onmessageerror = () => end("it sent what cannot be read");
  worker.onerror = (event) => {
    event.preventDefault?.();
    end(event.message || `its script cannot be loaded: ${url}`);
  };
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    terminate: () => worker.terminate(),
  };
}

/**
 * Calls `freed` once nobody holds the lock: when a worker ends, browsers tell its
 * creator nothing, but they free its locks.
 *
 * @param {string} name
 * @param {AbortSignal} signal
 * @param {() => void} freed
 */
function watchLock(name, signal, freed) {
  navigator.locks.request(name, { signal }, freed).catch(() => {});
}

/**
 * The worker's own end of the line. Its first message says that it listens.
 *
 * @param {(message: any) => void} receive
 * @returns {Promise<Port>}
 */
export async function openPort(receive) {
  if (isNode) {
    const { parentPort } = await import("node:worker_threads");
    if (parentPort === null) throw new Error("worker.js runs in a worker only");
    parentPort.on("message", receive);
    parentPort.postMessage({ lock: "" });
    return (message) => parentPort.postMessage(message);
  }
  const scope = /** @type {any} */ (globalThis);
  scope.onmessage = (/** @type {MessageEvent} */ event) => receive(event.data);
  scope.postMessage({ lock: await holdLock() });
  return (message) => scope.postMessage(message);
}

/**
 * Takes a lock until this worker's end, where there are locks: pages that are
 * not of a secure origin have none.
 *
 * @returns {Promise<string>} its name, or ""
 */
function holdLock() {
  const { locks } = navigator;
  if (locks === undefined) return Promise.resolve("");
  const lock = `pedigree-${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    void locks.request(lock, () => {
      resolve(lock);
      return new Promise(() => {});
    });
  });
}

/**
 * Lets messages that have come be received.
 *
 * @type {() => Promise<void>}
 */
export const nextTask = isNode ? nextImmediate : nextMessage();

function nextImmediate() {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => void setImmediate(resolve)));
}

function nextMessage() {
  /** @type {(() => void)[]} */
  const waiting = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return () => /** @type {Promise<void>} */ (new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  }));
}

/**
 * The bytes at a URL in pieces; `file:` only in Node.
 *
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {AsyncIterable<Uint8Array>}
 */
export async function* readUrl(url, signal) {
  if (isNode && url.startsWith("file:")) {
    const { createReadStream } = await import("node:fs");
    yield* createReadStream(new URL(url), { highWaterMark: 1 << 20 });
    return;
  }
  const response = await fetch(url, { signal });
  if (!response.ok) {
    throw new Error(`status ${response.status} for ${url}`);
  }
  if (response.body !== null) yield* readStream(response.body);
}

/**
 * The pieces of a stream, which is cancelled when the reader leaves.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncIterable<Uint8Array>}
 */
export async function* readStream(stream) {
  const reader = stream.getReader();
  let whole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    whole = true;
  } finally {
    if (!whole) reader.cancel().catch(() => {});
  }
}
