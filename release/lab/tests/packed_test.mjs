// Packed packets: what the lab says of each broken one is what the command says.
//
//   packed_test.mjs stream.wasm verify.wasm pedigree packet packet.tar.zst

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import {readFetched, readLayout, readPacked} from '../web/packet/read_packet.js';
import {readContents} from '../web/packet/contents.js';
import {filesBelow} from './files.mjs';
import {loadStream, run, verifiers} from './tools.mjs';

const [streamFile, verifyFile, pedigree, packet, packedFile] = process.argv.slice(2);
const packed = fs.readFileSync(packedFile);
const stream = await loadStream(streamFile);
const newVerifier = await verifiers(verifyFile);
const scratch = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR ?? '/tmp', 'packed.'));

const tools = async (more = {}) => ({stream, verifier: await newVerifier(), ...more});
const read = async (bytes, more) =>
  readPacked(new Blob([bytes]).stream(), bytes.length, await tools(more));

/** What the command says: its faults. */
function command(bytes) {
  const file = path.join(scratch, 'packet.tar.zst');
  fs.writeFileSync(file, bytes);
  const {stdout} = spawnSync(
      path.resolve(pedigree), ['packet', 'verify', file, '--json'], {encoding: 'utf8'});
  return JSON.parse(stdout).faults;
}

function broken(change) {
  const bytes = Buffer.from(packed);
  return change(bytes) ?? bytes;
}

const flip = (at) => broken((bytes) => {
  bytes[at] ^= 1;
});

const tests = {
  async 'a packed packet is the packet that was packed'() {
    const fromFile = await read(packed);
    assert.deepEqual(fromFile.report.faults, []);
    const fromFolder = await readLayout(
        filesBelow(packet, {follow: true}), await tools());
    assert.deepEqual(fromFile.report, fromFolder.report);
    for (const [name, blob] of fromFolder.files) {
      const [a, b] = await Promise.all(
          [blob, fromFile.files.get(name)].map((each) => each.arrayBuffer()));
      assert.ok(Buffer.from(a).equals(Buffer.from(b)), name);
    }
  },

  async 'files that are fetched by name are the same packet'() {
    const asked = [];
    const {report} = await readFetched(async (name) => {
      asked.push(name);
      return new Blob([fs.readFileSync(path.join(packet, name))]);
    }, await tools());
    assert.deepEqual(report.faults, []);
    assert.deepEqual(asked.slice(0, 2), ['oci-layout', 'index.json']);
    assert.equal(new Set(asked).size, asked.length);
  },

  async 'a file that is not there is missed by name'() {
    const {report} = await readFetched(async (name) => {
      const bytes = fs.readFileSync(path.join(packet, name));
      return name.startsWith('blobs') && bytes.length > 2 ** 20 ? null : new Blob([bytes]);
    }, await tools());
    assert.match(report.faults[0], /^Missing blob sha256:[0-9a-f]{64}: runtimes\/linux/);
  },

  async 'its documents are read'() {
    const contents = await readContents(await read(packed));
    assert.equal(contents.record.json.schema_version, 'pedigree.record.v1');
    assert.equal(contents.sidecars.length, 1);
    assert.equal(contents.node.json.parent_ids[0], contents.ancestors[0].json.id);
  },

  async 'progress ends where the packet does'() {
    const seen = [];
    await read(packed, {onProgress: (progress) => seen.push(progress)});
    const named = seen.find(({blobs}) => blobs !== undefined).blobs;
    assert.ok(named.some(({file_path}) => file_path === 'model.slm'));
    assert.equal(seen.at(-1).stage, 'verify');
    assert.ok(seen.at(-1).done >= seen.at(-1).total);
  },

  async 'reading stops when it is cancelled'() {
    const stop = new AbortController();
    await assert.rejects(read(packed, {
      signal: stop.signal, onProgress: ({stage}) => stage === 'hash' && stop.abort(),
    }), /abort/);
  },

  async 'its statements agree with it, and others do not'() {
    const {verifier} = await read(packed);
    const statements = verifier.statements();
    assert.deepEqual(Object.keys(statements), ['eval', 'oms', 'provenance', 'test-result']);
    for (const [kind, text] of Object.entries(statements)) {
      const encode = (each) => new TextEncoder().encode(each);
      assert.deepEqual(verifier.checkStatement(encode(text)), {fault: '', kind});
      const other = text.replace(/"packet"/, '"packed"').replaceAll('PASSED', 'FAILED')
          .replace(/[0-9a-f]{64}/g, 'a'.repeat(64));
      assert.match(verifier.checkStatement(encode(other)).fault, /^(Invalid|Altered) claim/);
    }
    assert.match(verifier.checkStatement(new Uint8Array([123])).fault, /^Invalid claim/);
  },
};

const BROKEN = {
  'an empty file': () => Buffer.alloc(0),
  'a file of another kind': () => Buffer.from('PK\x03\x04 hello, this is no packet at all'),
  'a file that is cut in its middle': () => packed.subarray(0, packed.length >> 1),
  'a file that lacks its last byte': () => packed.subarray(0, -1),
  'a byte behind the frame': () => Buffer.concat([packed, Buffer.from([0])]),
  'a second frame behind the first': () => Buffer.concat([packed, packed]),
  'a flipped bit in the magic number': () => flip(0),
  'a flipped bit in the checksum': () => flip(packed.length - 1),
};
for (const [name, make] of Object.entries(BROKEN)) {
  tests[`${name} is refused as the command refuses it`] = async () => {
    const bytes = make();
    const {report, files} = await read(bytes);
    assert.deepEqual(report.faults, command(bytes));
    assert.ok(report.faults.length > 0);
    assert.equal(files.size, 0);
  };
}

// Where zstd notices damage depends on the processor that its code is for.
for (let i = 1; i <= 12; ++i) {
  tests[`a flipped bit, ${i} of 13 into the file, is damage as for the command`] = async () => {
    const bytes = flip(Math.floor(packed.length * i / 13));
    const {report, files} = await read(bytes);
    const kinds = (faults) => faults.map((fault) => fault.split(':')[0]);
    assert.deepEqual(kinds(report.faults), kinds(command(bytes)));
    assert.deepEqual(kinds(report.faults), ['Corrupted packed packet']);
    assert.equal(files.size, 0);
  };
}

await run(tests);
fs.rmSync(scratch, {recursive: true});
