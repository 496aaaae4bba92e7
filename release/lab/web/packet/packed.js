// A packet in its packed form, read once from front to back: a zstd frame of a
// tar of its files in a fixed order. Specification: docs/formats/packet.md,
// "Packed form".

import {concatBytes, printable} from './bytes.js';
import {MAX_INDEX_BYTES, MAX_KEPT_BYTES, MAX_MANIFEST_BYTES} from './limits.js';
import {BLOCK_BYTES, isPaxHeader, paddingBytes, parseHeader} from './tar.js';

const PIECE_BYTES = 1 << 18;
const MARKER = '{"imageLayoutVersion":"1.0.0"}';

const KEEPER_BYTES = 16 * 2 ** 20;

/** Gathers pieces into a Blob, which a browser may keep on disk. */
export class BlobKeeper {
  constructor() {
    this.parts = [];
    this.pieces = [];
    this.size = 0;
  }

  /** @param {Uint8Array} bytes */
  add(bytes) {
    this.pieces.push(bytes);
    this.size += bytes.length;
    if (this.size < KEEPER_BYTES) return;
    this.parts.push(new Blob(this.pieces));
    this.pieces = [];
    this.size = 0;
  }

  /** @returns {Blob} */
  finish() {
    return new Blob([...this.parts, ...this.pieces]);
  }
}

const invalid = (what) => new Error(`Invalid packed packet: ${what}`);

/** Reads the files of one packed packet in their order. */
export class PackedReader {
  /**
   * @param {{read: function, finish: function}} frame of StreamModule
   * @param {{hasher: function}} stream
   * @param {(bytes: number) => void} onBytes progress
   */
  constructor(frame, stream, onBytes) {
    this.frame = frame;
    this.stream = stream;
    this.onBytes = onBytes;
    this.kept = 0;
    this.seen = new Set();
  }

  async piece(count) {
    const bytes = await this.frame.read(count);
    if (bytes.length !== count) throw invalid('the archive ends early');
    this.onBytes(count);
    return bytes;
  }

  async zeros(count, after) {
    const bytes = await this.piece(count);
    if (bytes.some((byte) => byte !== 0)) {
      throw invalid(`what pads ${after} is not zero`);
    }
  }

  /** The next header, which must be that of the file `name`. */
  async header(name) {
    let blocks = await this.piece(BLOCK_BYTES);
    if (isPaxHeader(blocks)) {
      blocks = concatBytes([blocks, await this.piece(2 * BLOCK_BYTES)]);
    }
    const entry = parseHeader(blocks);
    if (entry.name === name) return entry;
    throw invalid(
        `its next file is "${printable(entry.name)}" (expected ${name})`);
  }

  /** Hands the contents to `take`, piece by piece, and reads what pads them. */
  async contents(entry, take) {
    for (let left = entry.size; left > 0;) {
      const bytes = await this.piece(Math.min(left, PIECE_BYTES));
      take(bytes);
      left -= bytes.length;
    }
    await this.zeros(paddingBytes(entry.size), entry.name);
  }

  async part(name) {
    const entry = await this.header(name);
    if (entry.size > MAX_INDEX_BYTES) {
      throw invalid(`${name} has ${entry.size} bytes (at most ${
        MAX_INDEX_BYTES})`);
    }
    const pieces = [];
    await this.contents(entry, (bytes) => pieces.push(bytes));
    return concatBytes(pieces);
  }

  async index() {
    return this.part('index.json');
  }

  async marker() {
    const bytes = await this.part('oci-layout');
    if (new TextDecoder().decode(bytes) !== MARKER) {
      throw invalid('oci-layout is not what pack writes');
    }
    return bytes;
  }

  /**
   * The blob `digest`, which the index or the manifest gives `size` bytes.
   *
   * @param {{add: function}} keeper takes its bytes
   * @returns {Promise<string>} the digest that they have
   */
  async blob(digest, size, keeper) {
    if (this.seen.has(digest)) {
      throw invalid(`its manifest names blob sha256:${digest} twice`);
    }
    this.seen.add(digest);
    const entry = await this.header(`blobs/sha256/${digest}`);
    if (entry.size !== size) {
      throw invalid(`${entry.name} has ${entry.size} bytes (expected ${size})`);
    }
    const hasher = this.stream.hasher();
    await this.contents(entry, (bytes) => {
      hasher.update(bytes);
      keeper.add(bytes);
    });
    return hasher.finish();
  }

  async manifest(digest, size) {
    if (size > MAX_MANIFEST_BYTES) {
      throw invalid(`manifest of ${size} bytes (at most ${MAX_MANIFEST_BYTES})`);
    }
    const keeper = new BlobKeeper();
    const found = await this.blob(digest, size, keeper);
    if (found !== digest) {
      throw new Error(`Corrupted packet manifest: digest is sha256:${
        found} (expected sha256:${digest})`);
    }
    return keeper.finish();
  }

  /** Whether there is room to keep a document of `size` bytes. */
  keeps(size) {
    if (size > MAX_KEPT_BYTES - this.kept) return false;
    this.kept += size;
    return true;
  }

  async end() {
    await this.zeros(2 * BLOCK_BYTES, 'the archive');
    await this.frame.finish();
  }
}
