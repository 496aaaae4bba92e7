// The page's side of packet_worker.js.

export class Cancelled extends Error {
  constructor() {
    super('Cancelled');
    this.name = 'Cancelled';
  }
}

export class PacketWorkerCrashed extends Error {
  constructor() {
    super('The worker that reads packets has ended');
    this.name = 'PacketWorkerCrashed';
  }
}

/**
 * Packets by number. After a cancelled reading or a crash the worker is a new one,
 * and the packets that were open are read again when they are asked for.
 */
export class PacketClient {
  constructor() {
    this.calls = new Map();
    this.nextCall = 1;
    this.nextPacket = 1;
    /** @type {Map<number, {source: any, expected: string}>} */
    this.sources = new Map();
    this.start();
  }

  start() {
    this.worker = new Worker(
        new URL('packet_worker.js', import.meta.url), {type: 'module'});
    this.open = new Set();
    this.worker.addEventListener('message', ({data}) => this.receive(data));
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.end(new PacketWorkerCrashed());
    });
  }

  /** Ends the worker and every call, and starts a new one. */
  end(reason) {
    this.worker.terminate();
    const calls = [...this.calls.values()];
    this.calls.clear();
    this.start();
    for (const {reject} of calls) reject(reason);
  }

  receive({call, progress, result, error}) {
    const waiting = this.calls.get(call);
    if (waiting === undefined) return;
    if (progress !== undefined) {
      waiting.onProgress?.(progress);
      return;
    }
    this.calls.delete(call);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(Object.assign(new Error(error.message), {name: error.name}));
  }

  post(op, message, onProgress) {
    const call = this.nextCall++;
    return new Promise((resolve, reject) => {
      this.calls.set(call, {resolve, reject, onProgress});
      this.worker.postMessage({call, op, message});
    });
  }

  /**
   * Reads and verifies a packet.
   *
   * @param {any} source {url}, {packed: Blob} or {files: FoundFile[]}
   * @param {object} options
   * @param {string} [options.expected] 64 hex digits
   * @param {(progress: any) => void} [options.onProgress]
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<{id: number, report: any, contents?: any}>}
   */
  async openPacket(source, {expected = '', onProgress, signal} = {}) {
    const id = this.nextPacket++;
    const stop = () => this.end(new Cancelled());
    if (signal?.aborted) throw new Cancelled();
    signal?.addEventListener('abort', stop);
    try {
      const read = await this.post('open', {id, source, expected}, onProgress);
      if (read.contents !== undefined) {
        this.open.add(id);
        this.sources.set(id, {source, expected});
      }
      return {id, ...read};
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** @param {number} id */
  closePacket(id) {
    this.sources.delete(id);
    if (this.open.delete(id)) void this.post('close', {id}).catch(() => {});
  }

  /** Calls about open packets; those that a lost worker held are read again. */
  async ask(op, message, ids = [message.id]) {
    for (const id of ids) {
      if (this.open.has(id)) continue;
      const source = this.sources.get(id);
      if (source === undefined) throw new Error(`no packet ${id} is open`);
      await this.post('open', {id, ...source});
      this.open.add(id);
    }
    return this.post(op, message);
  }

  /** @returns {Promise<Blob>} */
  file(id, filePath) {
    return this.ask('file', {id, filePath});
  }

  /** @returns {Promise<string>} */
  evalRequest(id, filePath) {
    return this.ask('evalRequest', {id, filePath});
  }

  compareSidecar(id, filePath, bytes) {
    return this.ask('compareSidecar', {id, filePath, bytes});
  }

  difference(a, b) {
    return this.ask('difference', {a, b}, [a, b]);
  }

  /** @returns {Promise<{kind: string, fault: string}>} */
  checkStatement(id, statement) {
    return this.ask('checkStatement', {id, statement});
  }

  /** @returns {Promise<Record<string, string>>} texts by kind */
  statements(id) {
    return this.ask('statements', {id});
  }

  /** @returns {Promise<string>} 64 hex digits */
  sha256(blob) {
    return this.post('sha256', {blob});
  }
}
