// What the reader does: opening packets, running the model, making evidence
// again. Holds the workers; views call it and watch the store.

import {announce} from './dom.js';
import {Engine} from './engine.js';
import {rederivations} from './packet/evidence.js';
import {titleOf} from './packet/contents.js';
import {NoPacket, sourceOfUrl} from './sources.js';
import {Store} from './state.js';
import {failureOf, packetFailure, tooLarge} from './text/failures.js';
import {formatBytes} from './text/format.js';
import {PacketClient} from './worker/packet_client.js';

/** What a WebAssembly module can address. */
export const MODULE_BYTES = 2 ** 32;

const hexOf = (digest) => digest.replace('sha256:', '');

/** The same for every packet that is opened. */
const FRESH = {
  packet: null, evidence: {}, engineFailure: null, states: null, claimFiles: [],
  claims: null,
};

export class Session {
  constructor() {
    this.packets = new PacketClient();
    this.store = new Store({
      ...FRESH, reading: null, failure: null, other: null, otherReading: null,
      otherFailure: null, difference: null, keys: [], notice: null,
      engine: {status: 'empty', module: 'lab', adapters: [], progress: null},
    });
    this.engine = new Engine((engine) => this.store.set({engine}));
    /** @type {(accept: 'file'|'folder') => void} set by the page */
    this.chooseFiles = () => {};
  }

  get state() {
    return this.store.state;
  }

  // Opening

  /**
   * @param {import('./sources.js').Source} given
   * @param {string} [expected] "sha256:" and 64 hex digits
   */
  async open(given, expected = '') {
    this.reader?.abort();
    const reader = new AbortController();
    this.reader = reader;
    const {label, source} = given;
    this.store.set({
      failure: null, notice: null,
      reading: {stage: 'list', done: 0, total: 0, label},
    });
    announce(`Verifying ${label}.`);
    try {
      const read = await this.packets.openPacket(source, {
        expected: hexOf(expected), signal: reader.signal,
        onProgress: (progress) => this.readingProgress(progress, label),
      });
      if (this.reader === reader) this.opened(read, given, expected);
    } catch (error) {
      if (this.reader !== reader) return;
      this.failOpen(error, () => this.open(given, expected));
    }
  }

  readingProgress(progress, label) {
    const {blobs} = progress;
    if (blobs !== undefined) {
      const model = blobs.find(({file_path}) => file_path === 'model.slm');
      if (model !== undefined && model.size >= MODULE_BYTES) {
        this.store.set({notice: tooLarge(
            formatBytes(model.size), formatBytes(MODULE_BYTES))});
      }
    }
    if (this.state.reading !== null) {
      this.store.set({reading: {...progress, label}});
    }
  }

  opened({id, report, contents}, {label}, expected) {
    if (contents === undefined) {
      this.fail(packetFailure(report.faults));
      return;
    }
    if (this.state.packet !== null) this.packets.closePacket(this.state.packet.id);
    this.engine.close();
    this.store.set({
      ...FRESH, reading: null, failure: null,
      packet: {id, contents, label, expected: expected !== ''},
      difference: null, other: null, otherFailure: null,
    });
    announce(`${titleOf(contents)} is verified.`);
  }

  failOpen(error, retry) {
    if (error instanceof NoPacket) {
      this.fail({
        kind: 'no-packet', title: 'This is no packet', what: error.message,
        next: ['Pick a packed packet (.tar.zst) or a packet’s folder.'],
      });
      return;
    }
    this.fail({...failureOf(error), retry});
  }

  fail(failure) {
    this.store.set({reading: null, failure});
  }

  /** Runs `pick` and opens what it gives. */
  async openWhat(pick) {
    try {
      const [first, second] = [await pick()].flat();
      await this.open(first);
      const opened = this.state.packet !== null && this.state.failure === null;
      if (second !== undefined && opened) await this.openOther(second);
    } catch (error) {
      this.failOpen(error, undefined);
    }
  }

  /** @param {string} address @param {string} [expected] */
  openUrl(address, expected = '') {
    try {
      return this.open(sourceOfUrl(address), expected);
    } catch (error) {
      this.failOpen(error, undefined);
      return Promise.resolve();
    }
  }

  cancelReading() {
    this.reader?.abort();
  }

  dismissFailure() {
    this.store.set({failure: null});
  }

  confirmIdentity() {
    this.store.set({packet: {...this.state.packet, expected: true}});
    announce('The digest is the one you trust. Identity checked.');
  }

  // Comparing

  /** @param {import('./sources.js').Source} given */
  async openOther({label, source}) {
    this.otherReader?.abort();
    const reader = new AbortController();
    this.otherReader = reader;
    this.store.set({
      otherFailure: null, difference: null,
      otherReading: {stage: 'list', done: 0, total: 0, label},
    });
    try {
      const {id, report, contents} = await this.packets.openPacket(source, {
        signal: reader.signal,
        onProgress: (progress) =>
          this.store.set({otherReading: {...progress, label}}),
      });
      if (contents === undefined) {
        this.store.set({
          otherReading: null, otherFailure: packetFailure(report.faults)});
        return;
      }
      if (this.state.other !== null) this.packets.closePacket(this.state.other.id);
      const difference =
          await this.packets.difference(this.state.packet.id, id);
      this.store.set({
        otherReading: null, other: {id, contents, label}, difference});
      announce(`Compared with ${titleOf(contents)}.`);
    } catch (error) {
      this.store.set({otherReading: null, otherFailure: failureOf(error)});
    }
  }

  cancelOther() {
    this.otherReader?.abort();
  }

  async openOtherWhat(pick) {
    try {
      const [first] = [await pick()].flat();
      await this.openOther(first);
    } catch (error) {
      this.store.set({otherFailure: {
        ...failureOf(error), title: 'This is no packet', what: error.message,
        next: ['Pick a packed packet (.tar.zst) or a packet’s folder.'],
        details: [],
      }});
    }
  }

  // Running

  file(filePath) {
    return this.packets.file(this.state.packet.id, filePath);
  }

  /** What the model needs at least, part by part, by the packet's own records. */
  memoryNeeds() {
    const {contents} = this.state.packet;
    const {json: manifest} = contents.modelManifest;
    const counted = contents.diagnostics[0]?.json;
    const needs = [['Model file', Number(manifest.file_bytes)]];
    const adapters = contents.layers.filter(
        ({file_path}) => file_path.startsWith('adapters/'));
    if (adapters.length > 0) {
      needs.push(['Adapter files', adapters.reduce((sum, {size}) => sum + size, 0)]);
    }
    if (counted !== undefined) {
      needs.push(['Adapted tensors as f32', Number(counted.materialized_bytes)]);
      needs.push(['Keys and values of the whole context',
        Number(counted.kv_capacity_bytes)]);
      needs.push(['Room to compute in', Number(counted.peak_scratch_bytes)]);
    }
    return needs.filter(([, bytes]) => bytes > 0);
  }

  /** @returns {Promise<{fits: boolean, needBytes: number, limitBytes: number}>} */
  async preflight() {
    const size = this.memoryNeed();
    if (size >= MODULE_BYTES) {
      return {fits: false, needBytes: size, limitBytes: MODULE_BYTES};
    }
    return this.engine.preflight(size);
  }

  /** Fails before anything is loaded that would not fit. */
  async checkRoom() {
    const {fits, needBytes} = await this.preflight();
    if (fits) return;
    const codeName = needBytes >= MODULE_BYTES ? 'ResourceLimit' : 'OutOfMemory';
    throw Object.assign(new Error(`It needs ${formatBytes(needBytes)}.`), {codeName});
  }

  /** The bytes that the model needs at least. */
  memoryNeed() {
    return this.memoryNeeds().reduce((sum, [, bytes]) => sum + bytes, 0);
  }

  /** The runtime has one code for a limit and for memory that has run out. */
  failureOf(error) {
    const hasRoom = this.state.packet !== null && this.memoryNeed() < MODULE_BYTES;
    if (error?.codeName !== 'ResourceLimit' || !hasRoom) return failureOf(error);
    return failureOf({codeName: 'OutOfMemory', message: error.message});
  }

  /** Runs a step of the engine, and tells what goes wrong. */
  async step(job) {
    this.store.set({engineFailure: null});
    this.stopper = new AbortController();
    try {
      return await job(this.stopper.signal);
    } catch (error) {
      const failure = this.failureOf(error);
      this.store.set({engineFailure: failure});
      announce(failure.title);
      return undefined;
    }
  }

  stop() {
    this.stopper?.abort();
  }

  loadModel() {
    return this.step(async (signal) => {
      await this.checkRoom();
      await this.loadVerified(signal);
      announce('The model is loaded.');
    });
  }

  async loadVerified(signal) {
    const {contents} = this.state.packet;
    const model = contents.layers.find(({file_path}) => file_path === 'model.slm');
    await this.engine.load(await this.file('model.slm'), {
      size: model.size, sha256: hexOf(model.digest), signal});
    await this.applyRecorded(contents.record.json.adapter_digests.length);
  }

  /** Applies the first `count` adapters of the packet. */
  async applyRecorded(count) {
    for (let i = 0; i < count; ++i) await this.applyPacketAdapter(`adapters/${i}.adp`);
  }

  async applyPacketAdapter(filePath) {
    const {contents} = this.state.packet;
    const layer = contents.layers.find((each) => each.file_path === filePath);
    const bytes = new Uint8Array(await (await this.file(filePath)).arrayBuffer());
    await this.engine.apply(filePath, bytes, hexOf(layer.digest));
  }

  applyAdapter(filePath) {
    return this.step(() => this.applyPacketAdapter(filePath));
  }

  /** Whether an adapter could be applied now: true, or nothing and a failure. */
  validateAdapter(bytes) {
    return this.step(async () => {
      await this.engine.validate(bytes);
      return true;
    });
  }

  applyOwnAdapter(name, bytes) {
    return this.step(() => this.engine.apply(name, bytes));
  }

  resetAdapters() {
    return this.step(() => this.engine.resetAdapters());
  }

  generate(prompt, options) {
    return this.step((signal) =>
      this.engine.generate(prompt, {...options, signal}).then(() => true));
  }

  diagnostics() {
    return this.step(() => this.engine.diagnostics());
  }

  /** @param {'lab'|'packet'} module */
  useModule(module) {
    return this.step(async () => {
      if (module === 'lab') {
        this.engine.useModule('lab');
        return;
      }
      const blob = await this.file('runtimes/wasm32/pedigree.wasm');
      this.engine.useModule('packet', new Uint8Array(await blob.arrayBuffer()));
    });
  }

  // Evidence

  setEvidence(filePath, state) {
    this.store.set({evidence: {...this.state.evidence, [filePath]: state}});
  }

  /** Makes all evidence again that can be, one after another. */
  async rederiveAll() {
    for (const item of rederivations(this.state.packet.contents)) {
      if (item.obstacle !== '') continue;
      if (!await this.rederive(item)) return;
    }
  }

  /** @returns {Promise<boolean>} whether it came to an end */
  async rederive(item) {
    const {packet} = this.state;
    this.setEvidence(item.filePath, {state: 'running'});
    this.stopper = new AbortController();
    try {
      const comparison = await this.runEvidence(item, this.stopper.signal);
      if (this.state.packet?.id !== packet.id) return false;
      this.setEvidence(item.filePath, {state: 'done', comparison});
      announce(comparison.same ?
        `Suite ${item.suite}: made here, the same bytes.` :
        `Suite ${item.suite}: ${comparison.differingCases} cases differ.`);
      return true;
    } catch (error) {
      const failure = this.failureOf(error);
      this.setEvidence(item.filePath, {state: 'failed', failure});
      announce(failure.title);
      return false;
    }
  }

  async runEvidence(item, signal) {
    const {packet} = this.state;
    if (this.engine.state.status !== 'ready') {
      await this.checkRoom();
      await this.loadVerified(signal);
    }
    await this.useAdapters(item.adapters);
    const request = await this.packets.evalRequest(packet.id, item.filePath);
    signal.throwIfAborted();
    const bytes = await this.engine.evaluate(request, signal);
    return this.packets.compareSidecar(packet.id, item.filePath, bytes);
  }

  /** The adapters of a piece of evidence, and no others. */
  async useAdapters(filePaths) {
    const applied = this.engine.state.adapters;
    const same = applied.length === filePaths.length &&
        applied.every((each, i) => each === filePaths[i]);
    if (same) return;
    await this.engine.resetAdapters();
    for (const filePath of filePaths) await this.applyPacketAdapter(filePath);
  }
}
