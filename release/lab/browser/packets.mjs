// Packets for the browser tests: the fixture's, broken in ways of their own.

import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const PACKET = 'bazel-bin/fixtures/packet';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'lab.'));
process.on('exit', () => fs.rmSync(scratch, {recursive: true, force: true}));

const json = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/** A copy of the fixture packet that can be changed. */
export class PacketCopy {
  constructor(name) {
    this.folder = path.join(scratch, name);
    fs.cpSync(PACKET, this.folder, {recursive: true, dereference: true});
    // What Bazel makes is not to be written to.
    execFileSync('chmod', ['-R', 'u+w', this.folder]);
  }

  blob(hex) {
    return path.join(this.folder, 'blobs/sha256', hex);
  }

  get manifestHex() {
    return json(path.join(this.folder, 'index.json')).manifests[0].digest.slice(7);
  }

  /** The path of a layer's blob. */
  layer(filePath) {
    const {layers} = json(this.blob(this.manifestHex));
    const {digest} = layers.find(
        ({annotations}) => annotations['org.cncf.model.filepath'] === filePath);
    return this.blob(digest.slice(7));
  }

  flipBit(filePath) {
    const file = this.layer(filePath);
    const bytes = fs.readFileSync(file);
    bytes[bytes.length >> 1] ^= 1;
    fs.writeFileSync(file, bytes);
    return this;
  }

  remove(filePath) {
    fs.rmSync(this.layer(filePath));
    return this;
  }

  /** Says that the model is so large, in a manifest with the right digest. */
  inflateModel(size) {
    const old = this.manifestHex;
    const manifest = json(this.blob(old));
    const digest = `sha256:${'0'.repeat(64)}`;
    Object.assign(manifest.layers[1], {digest, size});
    const bytes = Buffer.from(JSON.stringify(manifest));
    fs.rmSync(this.blob(old));
    fs.writeFileSync(this.blob(sha256(bytes)), bytes);
    const index = json(path.join(this.folder, 'index.json'));
    Object.assign(index.manifests[0], {digest: `sha256:${sha256(bytes)}`, size: bytes.length});
    fs.writeFileSync(path.join(this.folder, 'index.json'), JSON.stringify(index));
    fs.writeFileSync(this.blob('0'.repeat(64)), '');
    fs.truncateSync(this.blob('0'.repeat(64)), size);
    return this;
  }
}

/** The packets of release/testing, by name: consistent ones with a defect. */
export function sampleFolder() {
  const folder = path.join(scratch, 'samples');
  if (!fs.existsSync(folder)) {
    fs.mkdirSync(folder);
    execFileSync('bazel-bin/release/testing/write_malformed_packets', [folder]);
  }
  return folder;
}

/** Where the limits of a module's memory are: two numbers, least and most pages. */
function memoryLimits(bytes) {
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const end = leb() + at;
    if (id === 5) {
      leb();
      if (leb() !== 1) throw new Error('no memory with a limit');
      const least = at;
      const pages = leb();
      return {least, most: at, end, pages};
    }
    at = end;
  }
  throw new Error('no memory');
}

/** A number in so many bytes, the last ones of which may add nothing. */
function writeLeb(bytes, from, to, value) {
  for (let at = from, rest = value; at < to; ++at, rest = Math.floor(rest / 128)) {
    bytes[at] = rest % 128 | (at + 1 < to ? 128 : 0);
  }
}

function withPages(wasm, limits, pages) {
  const bytes = Buffer.from(wasm);
  writeLeb(bytes, limits.least, limits.most, pages);
  writeLeb(bytes, limits.most, limits.end, pages);
  return bytes;
}

const starts = (bytes) => {
  try {
    const {exports} = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    return exports.init_runtime() === 0;
  } catch {
    return false;
  }
};

/** pedigree.wasm with the least memory that it starts in, and no more to grow to. */
export function withoutRoom(wasm) {
  const limits = memoryLimits(Buffer.from(wasm));
  for (let pages = 1; pages <= limits.pages; ++pages) {
    const bytes = withPages(wasm, limits, pages);
    if (starts(bytes)) return bytes;
  }
  throw new Error('it does not start');
}
