// The lab refuses every malformed packet in the very words of the command.
//
//   malformed_packets_test.mjs stream.wasm verify.wasm write_malformed_packets
//       EXPECTED...

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import {readLayout} from '../web/packet/read_packet.js';
import {filesBelow} from './files.mjs';
import {loadStream, run, verifiers} from './tools.mjs';

const [streamFile, verifyFile, writer, ...expectedFiles] = process.argv.slice(2);

const folder = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR ?? '/tmp', 'packets.'));
execFileSync(path.resolve(writer), [folder]);

const stream = await loadStream(streamFile);
const newVerifier = await verifiers(verifyFile);

const verify = async (name, expected = '') => readLayout(
    filesBelow(path.join(folder, name, 'packet')),
    {stream, verifier: await newVerifier(), expected});

/** Digests of the good packet by what they stand for, as in the expected files. */
function named(fault, names) {
  return fault.replace(/sha256([:/])([0-9a-f]{64})/g, (_, mark, hex) =>
    `${mark === '/' ? 'sha256/' : ''}{${names[`sha256:${hex}`] ?? 'other'}}`);
}

const tests = {
  async 'the good packet is accepted, and its files are there'() {
    const {report, files} = await verify('good');
    assert.deepEqual(report.faults, []);
    assert.ok(files.get('model.slm').size > 0);
    assert.equal(files.size, report.layers.length);
  },

  async 'the good packet is refused where another one is expected'() {
    const {report, files} = await verify('good', '0'.repeat(64));
    assert.match(report.faults[0], /^Not the expected packet: digest is sha256:/);
    assert.equal(files.size, 0);
  },
};

for (const file of expectedFiles) {
  const name = path.basename(file, '.expected');
  tests[`${name} is refused with the faults on record`] = async () => {
    const names = JSON.parse(fs.readFileSync(path.join(folder, name, 'names.json')));
    const {report, files} = await verify(name);
    const lines = report.faults.map((fault) => `${named(fault, names)}\n`).join('');
    assert.equal(lines, fs.readFileSync(file, 'utf8'));
    assert.equal(files.size, 0, 'nothing of it is handed out');
  };
}

assert.ok(expectedFiles.length >= 100, `${expectedFiles.length} malformed packets`);
await run(tests);
fs.rmSync(folder, {recursive: true});
