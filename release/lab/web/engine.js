// The model of the open packet in a runtime: loading, adapters, generating,
// evaluating. Knows the state it is in, and tells it.

import {Pedigree} from './client/pedigree.js';

/**
 * @typedef {object} EngineState
 * @property {'empty'|'loading'|'ready'|'generating'|'evaluating'|'crashed'} status
 * @property {'lab'|'packet'} module whose runtime it is
 * @property {string[]} adapters file names of those applied, in order
 * @property {{done: number, total: number}|null} progress
 */

const EMPTY = {status: 'empty', adapters: [], progress: null};

export class Engine {
  /** @param {(state: EngineState) => void} onState */
  constructor(onState) {
    this.onState = onState;
    /** @type {Pedigree|null} */
    this.client = null;
    /** @type {Promise<Pedigree>|null} */
    this.starting = null;
    this.state = {...EMPTY, module: 'lab'};
  }

  set(patch) {
    this.state = {...this.state, ...patch};
    this.onState(this.state);
  }

  /** Ends the runtime and forgets the model. */
  close() {
    this.client?.close();
    this.client = null;
    this.starting = null;
    this.set(EMPTY);
  }

  /** @param {'lab'|'packet'} module @param {Uint8Array} [bytes] of the packet's */
  useModule(module, bytes) {
    this.close();
    this.moduleBytes = bytes;
    this.set({module});
  }

  async start() {
    const starting = this.starting ??= Pedigree.start(
        this.moduleBytes ? {module: this.moduleBytes} : {});
    try {
      const client = await starting;
      // It was closed meanwhile.
      if (this.starting !== starting) {
        client.close();
        throw Object.assign(new Error('Another packet was opened'), {codeName: 'Cancelled'});
      }
      this.client = client;
    } catch (error) {
      if (this.starting === starting) this.starting = null;
      throw error;
    }
    if (this.client.state === 'crashed') await this.client.restart();
    return this.client;
  }

  /** @returns {Promise<{fits: boolean, needBytes: number, limitBytes: number}>} */
  async preflight(size) {
    return (await this.start()).preflight({size});
  }

  /**
   * @param {Blob} blob of the model
   * @param {{size: number, sha256: string, signal: AbortSignal}} options
   */
  async load(blob, {size, sha256, signal}) {
    const hadModel = this.state.status === 'ready';
    this.set({status: 'loading', progress: {done: 0, total: size}, adapters: []});
    try {
      const client = await this.start();
      // Two models at once may be more than a module can hold.
      if (hadModel) await client.freeModel();
      await client.loadModel(blob, {
        size, sha256, signal,
        onProgress: (progress) => this.set({progress}),
      });
      this.set({status: 'ready', progress: null});
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** After a failure: what is left of the model. */
  fail(error) {
    const lost = this.client === null || this.client.state === 'crashed' ||
        this.state.status === 'loading' || error?.codeName === 'ModelNotLoaded';
    const crashed = this.client?.state === 'crashed';
    if (lost) {
      this.set({...EMPTY, status: crashed ? 'crashed' : 'empty'});
    } else {
      this.set({status: 'ready', progress: null});
    }
    return error;
  }

  async run(status, job) {
    this.set({status});
    try {
      // A new worker would have no model.
      if (this.client?.state === 'crashed') {
        throw Object.assign(new Error('The worker has ended'), {codeName: 'WorkerCrashed'});
      }
      const result = await job(await this.start());
      this.set({status: 'ready', progress: null});
      return result;
    } catch (error) {
      throw this.fail(error);
    }
  }

  validate(bytes) {
    return this.run('ready', (client) => client.validateAdapter(bytes));
  }

  /** @param {string} name @param {Uint8Array} bytes @param {string} [sha256] */
  async apply(name, bytes, sha256) {
    await this.run('ready', (client) =>
      client.applyAdapter(bytes, sha256 ? {sha256} : {}));
    this.set({adapters: [...this.state.adapters, name]});
  }

  async resetAdapters() {
    await this.run('ready', (client) => client.resetAdapters());
    this.set({adapters: []});
  }

  /**
   * @param {string} prompt
   * @param {{sampling: any, maxNewTokens: number, signal: AbortSignal,
   *     onToken: (bytes: Uint8Array) => void}} options
   */
  generate(prompt, {sampling, maxNewTokens, signal, onToken}) {
    return this.run('generating', async (client) => {
      await client.setSampling(sampling);
      const generation =
          client.generate(prompt, {maxNewTokens, signal, onToken});
      await generation.text();
    });
  }

  /** @param {string} request @param {AbortSignal} signal */
  evaluate(request, signal) {
    return this.run('evaluating', (client) => client.runEval(request, {
      signal, onProgress: (progress) => this.set({progress}),
    }));
  }

  async diagnostics() {
    const bytes = await (await this.start()).diagnostics();
    return JSON.parse(new TextDecoder().decode(bytes));
  }
}
