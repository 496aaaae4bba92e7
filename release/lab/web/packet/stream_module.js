// stream.wasm: SHA-256 and zstd over streams of any length.

import {decodeUtf8, toHex} from './bytes.js';

const PIECE_BYTES = 1 << 18;
/** What zstd likes to be given at once, as the command gives it. */
const FRAME_INPUT_BYTES = 131075;
const MAX_ERROR_NAME = 80;
/** log2 of the largest window that a packed packet may have: 128 MiB. */
export const MAX_WINDOW_LOG = 27;

const FRAME_FAULTS = new Map([
  [-2, 'Invalid packed packet: no zstd frame'],
  [-3, `Invalid packed packet: its window is larger than ${
    2 ** MAX_WINDOW_LOG} bytes`],
  [-4, 'Out of memory while unpacking'],
]);

export class StreamModule {
  /** @param {BufferSource} bytes of stream.wasm */
  static async load(bytes) {
    const {instance} = await WebAssembly.instantiate(bytes, {});
    return new StreamModule(instance);
  }

  constructor(instance) {
    this.exports = /** @type {any} */ (instance.exports);
    this.exports._initialize();
    this.input = this.exports.stream_alloc(PIECE_BYTES);
    this.output = this.exports.stream_alloc(PIECE_BYTES);
  }

  /** A view that the next call may detach. */
  view(at, length) {
    return new Uint8Array(this.exports.memory.buffer, at, length);
  }

  hasher() {
    return new Hasher(this);
  }

  /** @param {Uint8Array} bytes @returns {string} 64 hex digits */
  sha256(bytes) {
    const hasher = this.hasher();
    hasher.update(bytes);
    return hasher.finish();
  }

  /**
   * The contents of one zstd frame.
   *
   * @param {AsyncIterable<Uint8Array>} pieces
   * @param {number} maxBytes how long they may be
   */
  unpack(pieces, maxBytes) {
    return new Frame(this, pieces, maxBytes);
  }
}

class Hasher {
  constructor(module) {
    this.module = module;
    this.handle = module.exports.hash_new();
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.module.view(this.module.input, piece.length).set(piece);
      this.module.exports.hash_update(
          this.handle, this.module.input, piece.length);
    }
  }

  /** @returns {string} 64 hex digits; nothing may follow */
  finish() {
    this.module.exports.hash_finish(this.handle, this.module.output);
    return toHex(this.module.view(this.module.output, 32));
  }
}

// Its input has a buffer of its own: hashing goes on between two reads.
class Frame {
  constructor(module, pieces, maxBytes) {
    this.module = module;
    this.source = pieces[Symbol.asyncIterator]();
    this.maxBytes = maxBytes;
    this.handle = module.exports.frame_new(MAX_WINDOW_LOG);
    this.buffer = module.exports.stream_alloc(FRAME_INPUT_BYTES);
    if (this.handle === 0 || this.buffer === 0) {
      throw new RangeError(FRAME_FAULTS.get(-4));
    }
    this.pending = new Uint8Array(0);
    this.written = 0;
    this.given = 0;
    this.inputEnded = false;
  }

  /** Whether there is input, which is then handed over. */
  async refill() {
    const {exports} = this.module;
    if (exports.frame_input_left(this.handle) > 0) return true;
    let filled = 0;
    while (filled < FRAME_INPUT_BYTES && await this.hasPending()) {
      const piece = this.pending.subarray(0, FRAME_INPUT_BYTES - filled);
      this.pending = this.pending.subarray(piece.length);
      this.module.view(this.buffer + filled, piece.length).set(piece);
      filled += piece.length;
    }
    exports.frame_write(this.handle, this.buffer, filled);
    this.written += filled;
    return filled > 0;
  }

  async hasPending() {
    while (this.pending.length === 0 && !this.inputEnded) {
      const {done, value} = await this.source.next();
      if (done) this.inputEnded = true;
      else this.pending = value;
    }
    return this.pending.length > 0;
  }

  /** How much of the input was decoded. */
  get taken() {
    return this.written - this.module.exports.frame_input_left(this.handle);
  }

  /**
   * @param {number} count at most 256 KiB
   * @returns {Promise<Uint8Array>} fewer than `count` only at the end
   */
  async read(count) {
    const {exports} = this.module;
    const bytes = new Uint8Array(count);
    let filled = 0;
    while (filled < count && exports.frame_ended(this.handle) === 0) {
      const more = await this.refill();
      const got =
          exports.frame_read(this.handle, this.module.output, count - filled);
      if (got < 0) throw new Error(this.faultOf(got));
      bytes.set(this.module.view(this.module.output, got), filled);
      filled += got;
      this.given += got;
      if (this.given > this.maxBytes) {
        throw new Error(`Invalid packed packet: its contents are longer than ${
          this.maxBytes} bytes`);
      }
      // At the end of the input the decoder may still hold contents back.
      if (!more && got === 0 && exports.frame_ended(this.handle) === 0) {
        throw new Error(
            `Corrupted packed packet: it ends early, at byte ${this.taken}`);
      }
    }
    return bytes.subarray(0, filled);
  }

  faultOf(code) {
    const known = FRAME_FAULTS.get(code);
    if (known !== undefined) return known;
    const at = this.module.exports.frame_error_name(this.handle);
    const name = this.module.view(at, MAX_ERROR_NAME);
    const text = decodeUtf8(name.subarray(0, name.indexOf(0)));
    return `Corrupted packed packet: ${text}, near byte ${this.taken}`;
  }

  /** Checks that contents and input end here. */
  async finish() {
    if ((await this.read(1)).length > 0) {
      throw new Error(
          'Invalid packed packet: contents after the end of the archive');
    }
    if (await this.refill()) {
      throw new Error(`Invalid packed packet: bytes after the zstd frame, at byte ${
        this.taken}`);
    }
  }

  close() {
    this.module.exports.frame_free(this.handle);
    this.module.exports.stream_free(this.buffer);
    this.source.return?.();
  }
}
