// verify.wasm: the verification that `pedigree packet verify` does.

import {decodeUtf8, encodeUtf8} from './bytes.js';

/**
 * @typedef {object} NamedBlob a blob that the manifest names
 * @property {string} digest 64 hex digits
 * @property {boolean} document whether verifying parses it
 * @property {string} file_path empty for the config
 * @property {number} size
 */

/**
 * @typedef {object} Report
 * @property {string} digest of the manifest, as index.json claims it; or ''
 * @property {string[]} faults none for a good packet
 * @property {{digest: string, file_path: string, size: number}[]} layers
 */

/** Holds one packet. */
export class VerifyModule {
  /** @param {WebAssembly.Module} module verify.wasm */
  static async load(module) {
    return new VerifyModule(await WebAssembly.instantiate(module, {}));
  }

  constructor(instance) {
    this.exports = /** @type {any} */ (instance.exports);
    this.exports._initialize();
  }

  /** Calls `name` with the texts or bytes copied into the module's memory. */
  call(name, parts, ...rest) {
    const blocks = parts.map((part) => this.copyIn(
        typeof part === 'string' ? encodeUtf8(part) : part));
    try {
      const pointers = blocks.flatMap(({at, length}) => [at, length]);
      return this.exports[name](...pointers, ...rest);
    } finally {
      for (const {at} of blocks) this.exports.verify_free(at);
    }
  }

  copyIn(bytes) {
    const at = this.exports.verify_alloc(bytes.length + 1);
    if (at === 0) throw new RangeError('Out of memory while verifying');
    new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes);
    return {at, length: bytes.length};
  }

  result() {
    const bytes = new Uint8Array(
        this.exports.memory.buffer, this.exports.verify_result(),
        this.exports.verify_result_length());
    return JSON.parse(decodeUtf8(bytes));
  }

  /** @param {string} text */
  addFault(text) {
    this.call('verify_add_fault', [text]);
  }

  /** @param {string} name @param {Uint8Array|null} bytes null for too many */
  addPart(name, bytes) {
    this.call('verify_add_part', [name, bytes ?? ''], bytes === null ? 1 : 0);
  }

  /** @param {string} digest @param {number} size */
  addBlob(digest, size) {
    this.call('verify_add_blob', [digest], size);
  }

  /** @param {string} digest @param {Uint8Array} bytes */
  addDocument(digest, bytes) {
    this.call('verify_add_document', [digest, bytes]);
  }

  /** @param {string} digest @param {string} found @param {number} size */
  addHash(digest, found, size) {
    this.call('verify_add_hash', [digest, found], size);
  }

  /**
   * The manifest that index.json names.
   *
   * @returns {{digest: string, fault: string, size: number}} no digest, but a
   *     fault, when it names none
   */
  indexedManifest() {
    this.exports.verify_indexed_manifest();
    return this.result();
  }

  /** @returns {{blobs: NamedBlob[], faults: string[]}} config, then layers */
  namedBlobs() {
    this.exports.verify_named_blobs();
    return this.result();
  }

  /**
   * @param {string} expected hex of the manifest's digest, or ''
   * @returns {Report}
   */
  verify(expected) {
    this.call('verify_packet', [expected]);
    return this.result();
  }

  /**
   * Compares a statement about the packet with what the packet gives.
   *
   * @param {Uint8Array} statement
   * @returns {{kind: string, fault: string}} no fault when they agree
   */
  checkStatement(statement) {
    this.call('verify_check_statement', [statement]);
    return this.result();
  }

  /** @returns {Record<string, string>} by kind: what follows from the packet */
  statements() {
    this.exports.verify_make_statements();
    return this.result();
  }
}
