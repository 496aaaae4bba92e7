// Reads and verifies one packet, whatever form it comes in. Digests come first:
// no byte of a blob is parsed before its SHA-256 is known to be the one that
// names it, and the documents are handed out only when all of it verified.

import {piecesOf, readSmall} from './bytes.js';
import {listLayout} from './layout.js';
import {
  MAX_DOCUMENT_BYTES, MAX_INDEX_BYTES, MAX_MANIFEST_BYTES, maxContentBytes,
} from './limits.js';
import {BlobKeeper, PackedReader} from './packed.js';

/** @typedef {import('./verify_module.js').Report} Report */
/** @typedef {import('./layout.js').FoundFile} FoundFile */

/**
 * @typedef {object} Progress
 * @property {'list'|'manifest'|'hash'|'verify'} stage
 * @property {number} done bytes
 * @property {number} total bytes, 0 while unknown
 * @property {string} [file] what is being hashed
 * @property {{file_path: string, size: number}[]} [blobs] what the manifest
 *     names, once its digest is known to be right
 */

/**
 * @typedef {object} ReadPacket
 * @property {Report} report
 * @property {Map<string, Blob>} files by file name; empty when it has faults
 * @property {import('./verify_module.js').VerifyModule} verifier holds it
 */

/**
 * @typedef {object} Tools
 * @property {import('./stream_module.js').StreamModule} stream
 * @property {import('./verify_module.js').VerifyModule} verifier a new one
 * @property {string} [expected] 64 hex digits: the digest that the manifest must
 *     have
 * @property {(progress: Progress) => void} [onProgress]
 * @property {AbortSignal} [signal]
 */

class Reading {
  /** @param {Tools} tools */
  constructor({stream, verifier, expected, onProgress, signal}) {
    this.stream = stream;
    this.verifier = verifier;
    this.expected = expected ?? '';
    this.onProgress = onProgress ?? (() => {});
    this.signal = signal;
    this.done = 0;
    this.total = 0;
    this.stage = /** @type {Progress['stage']} */ ('list');
  }

  /** @param {Partial<Progress>} more */
  tell(more = {}) {
    this.signal?.throwIfAborted();
    this.onProgress(
        {stage: this.stage, done: this.done, total: this.total, ...more});
  }

  enter(stage, more = {}) {
    this.stage = stage;
    this.tell(more);
  }

  /** Once the manifest's digest is right: says what it names. */
  named() {
    const {blobs} = this.verifier.namedBlobs();
    this.total = blobs.reduce((sum, {size}) => sum + size, 0);
    this.enter('manifest', {
      blobs: blobs.map(({file_path, size}) => ({file_path, size})),
    });
    return blobs;
  }

  /** @param {Blob} blob @param {string} file @returns {Promise<string>} */
  async hash(blob, file) {
    const hasher = this.stream.hasher();
    for await (const piece of piecesOf(blob.stream())) {
      hasher.update(piece);
      this.done += piece.length;
      this.tell({file});
    }
    return hasher.finish();
  }

  /**
   * @param {Map<string, Blob>} byDigest
   * @returns {ReadPacket}
   */
  finish(byDigest) {
    this.enter('verify');
    const report = this.verifier.verify(this.expected);
    const files = new Map();
    if (report.faults.length === 0) {
      for (const {digest, file_path} of report.layers) {
        files.set(file_path, byDigest.get(digest.replace('sha256:', '')));
      }
    }
    return {report, files, verifier: this.verifier};
  }
}

/** What could not even be read as a packet, as a packet with that fault. */
function faulty(verifier, fault) {
  const report = {digest: '', faults: [fault], layers: []};
  return {report, files: new Map(), verifier};
}

/**
 * Reads the files of an OCI image layout.
 *
 * @param {FoundFile[]} found paths start below the packet's folder
 * @param {Tools} tools
 * @returns {Promise<ReadPacket>}
 */
export async function readLayout(found, tools) {
  const reading = new Reading(tools);
  reading.tell();
  const {faults, parts, blobs} = listLayout(found);
  for (const fault of faults) tools.verifier.addFault(fault);
  for (const [name, blob] of parts) {
    tools.verifier.addPart(name, await readSmall(blob, MAX_INDEX_BYTES));
  }
  for (const [digest, blob] of blobs) tools.verifier.addBlob(digest, blob.size);
  if (await addManifest(reading, blobs)) await addBlobs(reading, blobs);
  return reading.finish(blobs);
}

/** Whether the manifest is there. The verifier says what is wrong with it. */
async function addManifest({verifier}, blobs) {
  const {digest} = verifier.indexedManifest();
  const blob = blobs.get(digest);
  if (blob === undefined) return false;
  const bytes = await readSmall(blob, MAX_MANIFEST_BYTES);
  if (bytes === null) return false;
  verifier.addDocument(digest, bytes);
  return true;
}

async function addBlobs(reading, blobs) {
  const {verifier} = reading;
  const named = reading.named();
  reading.enter('hash');
  for (const {digest, document, file_path, size} of named) {
    const blob = blobs.get(digest);
    if (blob === undefined || blob.size !== size) continue;
    if (!document) {
      const found = await reading.hash(blob, file_path);
      verifier.addHash(digest, found, blob.size);
      continue;
    }
    const bytes = await readSmall(blob, MAX_DOCUMENT_BYTES);
    if (bytes !== null) verifier.addDocument(digest, bytes);
    reading.done += size;
    reading.tell({file: file_path});
  }
}

/** The index that `pack` writes for a manifest. */
const packedIndex = ({digest, size}) =>
  '{"manifests":[{"artifactType":' +
  '"application/vnd.cncf.model.manifest.v1+json",' +
  `"digest":"sha256:${digest}",` +
  `"mediaType":"application/vnd.oci.image.manifest.v1+json","size":${size}}],` +
  '"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}';

/**
 * Reads a packed packet in one pass.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} packedBytes how long it is
 * @param {Tools} tools
 * @returns {Promise<ReadPacket>}
 */
export async function readPacked(stream, packedBytes, tools) {
  const reading = new Reading(tools);
  const frame =
      tools.stream.unpack(piecesOf(stream), maxContentBytes(packedBytes));
  try {
    return reading.finish(await readEntries(reading, frame));
  } catch (error) {
    const isFault = error instanceof Error && error.constructor === Error;
    if (!isFault) throw error;
    return faulty(tools.verifier, error.message);
  } finally {
    frame.close();
  }
}

async function readEntries(reading, frame) {
  const {verifier} = reading;
  const reader = new PackedReader(frame, reading.stream, (count) => {
    reading.done += count;
    reading.tell();
  });
  verifier.addPart('oci-layout', await reader.marker());
  const index = await reader.index();
  verifier.addPart('index.json', index);
  const indexed = verifier.indexedManifest();
  if (new TextDecoder().decode(index) !== packedIndex(indexed)) {
    throw new Error(indexed.fault ||
        'Invalid packed packet: index.json is not what pack writes');
  }
  const blobs = new Map();
  const manifest = await reader.manifest(indexed.digest, indexed.size);
  blobs.set(indexed.digest, manifest);
  verifier.addBlob(indexed.digest, manifest.size);
  verifier.addDocument(
      indexed.digest, new Uint8Array(await manifest.arrayBuffer()));
  const {faults} = verifier.namedBlobs();
  if (faults.length > 0) throw new Error(faults[0]);
  await readLayers(reading, reader, blobs);
  await reader.end();
  return blobs;
}

async function readLayers(reading, reader, blobs) {
  const {verifier} = reading;
  const named = reading.named();
  reading.enter('hash');
  for (const {digest, document, file_path, size} of named) {
    const keeper = new BlobKeeper();
    const keep = document && size <= MAX_DOCUMENT_BYTES && reader.keeps(size);
    reading.tell({file: file_path});
    const found = await reader.blob(digest, size, keeper);
    const blob = keeper.finish();
    blobs.set(digest, blob);
    verifier.addBlob(digest, size);
    verifier.addHash(digest, found, size);
    if (keep) {
      verifier.addDocument(digest, new Uint8Array(await blob.arrayBuffer()));
    }
  }
}

/**
 * Fetches the files of a packet directory of which no listing can be had: what
 * the index names, then what the manifest names. Every answer is bounded by what
 * was said of it.
 *
 * @param {(path: string, limit: number) => Promise<Blob|null>} fetchFile null for
 *     a file that is not there
 * @param {Tools} tools
 * @returns {Promise<ReadPacket>}
 */
export async function readFetched(fetchFile, tools) {
  const reading = new Reading(tools);
  reading.tell();
  const blobs = new Map();
  for (const name of ['oci-layout', 'index.json']) {
    const blob = await fetchFile(name, MAX_INDEX_BYTES + 1);
    if (blob === null) {
      tools.verifier.addFault(`Invalid layout: ${name} is missing`);
    } else {
      tools.verifier.addPart(name, await readSmall(blob, MAX_INDEX_BYTES));
    }
  }
  const fetchBlob = async (digest, size) => {
    const blob = await fetchFile(`blobs/sha256/${digest}`, size + 1);
    if (blob === null) return;
    blobs.set(digest, blob);
    tools.verifier.addBlob(digest, blob.size);
  };
  const {digest, size} = tools.verifier.indexedManifest();
  if (digest !== '') await fetchBlob(digest, Math.min(size, MAX_MANIFEST_BYTES));
  if (await addManifest(reading, blobs)) {
    for (const named of tools.verifier.namedBlobs().blobs) {
      reading.tell({file: named.file_path});
      await fetchBlob(named.digest, named.size);
    }
    await addBlobs(reading, blobs);
  }
  return reading.finish(blobs);
}

/**
 * At most `limit` bytes of a stream.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} limit
 * @returns {Promise<Blob>} of `limit` bytes when there are more
 */
export async function gather(stream, limit) {
  const keeper = new BlobKeeper();
  let left = limit;
  for await (const piece of piecesOf(stream)) {
    keeper.add(piece.subarray(0, left));
    left -= Math.min(left, piece.length);
    if (left === 0) break;
  }
  return keeper.finish();
}
