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

/** pedigree.wasm with a memory that cannot grow. */
export function withoutRoom(wasm) {
  const bytes = Buffer.from(wasm);
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
    if (id !== 5) {
      at = end;
      continue;
    }
    leb();
    const flags = leb();
    const least = leb();
    const length = end - at;
    if (flags !== 1 || length < 2) throw new Error('no memory with a limit');
    // The same number of bytes, the last ones of which add nothing.
    for (let i = 0, value = least; i < length; ++i, value = Math.floor(value / 128)) {
      bytes[at + i] = value % 128 | (i + 1 < length ? 128 : 0);
    }
    return bytes;
  }
  throw new Error('no memory');
}
