// Every way in which the lab fails: named in plain words, with what to do next.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import {PACKET, PacketCopy, sampleFolder, scratch, withoutRoom} from './packets.mjs';
import {Lab} from './page.mjs';

export const targets = [
  '//fixtures:adapter', '//fixtures:packet', '//release/lab:site',
  '//release/testing:write_malformed_packets',
];

export const mounts = {'/lab/': 'bazel-bin/release/lab/site'};

const SITE = mounts['/lab/'];
const GIB = 2 ** 30;

/** Shows the failure: no violation, and pictures of it. */
async function show(lab, kind) {
  const panel = await lab.failure(kind);
  await lab.audit();
  await lab.pictures(`failure-${kind}`);
  return panel.innerText();
}

async function picked(t, folder, kind) {
  const lab = await new Lab(t).open();
  await lab.pickFolder(folder);
  return {lab, words: await show(lab, kind)};
}

export const tests = {
  async 'a wrong digest'(t) {
    const packet = new PacketCopy('flipped').flipBit('model.slm');
    const {lab} = await picked(t, packet.folder, 'wrong-digest');
    await t.page.getByText('The exact message').click();
    await t.page.getByText(/Corrupted model\.slm: digest is sha256:/).waitFor();
    await lab.button('Back to the packet before').click();
    await t.page.locator('.verdict').waitFor();
  },

  async 'a missing blob'(t) {
    await picked(t, new PacketCopy('missing').remove('suites/smoke.json').folder, 'missing-blob');
  },

  async 'a suite that drifted'(t) {
    await picked(t, path.join(sampleFolder(), 'bad-suite-other-case/packet'), 'drifted-suite');
  },

  async 'a folder that is no packet'(t) {
    const folder = path.join(scratch, 'no packet');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'a.txt'), 'hello');
    await picked(t, folder, 'no-packet');
  },

  async 'a file that is no packed packet'(t) {
    const lab = await new Lab(t).open();
    await lab.pickFile(
        {name: 'a.tar.zst', mimeType: 'application/zstd', buffer: Buffer.from('hello')});
    await show(lab, 'damaged-archive');
  },

  async 'another packet than the one asked for'(t) {
    const lab = await new Lab(t).open(
        `?packet=example/packet.tar.zst&digest=sha256:${'0'.repeat(64)}`);
    await show(lab, 'unexpected-packet');
  },

  async 'an address where nothing is, and one of another site'(t) {
    t.allow(/404/);
    const lab = await new Lab(t).open('?packet=nothing.tar.zst');
    await show(lab, 'not-found');
    await new Lab(t).open('?packet=https://elsewhere.example/packet.tar.zst');
    const panel = await lab.failure('no-packet');
    assert.match(await panel.innerText(), /only reads from its own site/);
  },

  async 'a model that is malformed'(t) {
    // Consistent in every digest, but its model is none.
    const lab = await new Lab(t).open();
    await lab.pickFolder(path.join(sampleFolder(), 'good/packet'));
    await t.page.getByText('sample 1').first().waitFor();
    await lab.step('run');
    await lab.button('Load the model').click();
    await show(lab, 'malformed-model');
  },

  async 'a model that is too large, and reading that is cancelled'(t) {
    const packet = new PacketCopy('large').inflateModel(5 * GIB);
    const lab = await new Lab(t).open();
    await lab.pickFolder(packet.folder);
    assert.match(await show(lab, 'too-large'), /5\.37 GB/);
    await lab.button('Stop').click();
    await show(lab, 'cancelled');
  },

  async 'a prompt that is too long'(t) {
    const lab = await new Lab(t).open();
    await lab.load();
    await lab.write('a'.repeat(500));
    await show(lab, 'context-overflow');
    await lab.write('a');
    await t.page.locator('.output .hint', {hasText: 'ended by stop token'}).waitFor();
  },

  async 'an adapter of another model'(t) {
    const lab = await new Lab(t).open('?packet=example/sibling.tar.zst');
    await lab.load();
    await t.page.getByText('An adapter of your own').click();
    await t.page.getByLabel('Adapter file').setInputFiles('bazel-bin/fixtures/adapter.adapter');
    await lab.button('Validate it').click();
    await show(lab, 'adapter-mismatch');
    await lab.button('Dismiss').click();
    await lab.button('Apply it').click();
    await lab.failure('adapter-mismatch');
  },

  async 'a browser without room'(t) {
    const wasm = withoutRoom(fs.readFileSync(path.join(SITE, 'client/pedigree.wasm')));
    await t.context.route('**/client/pedigree.wasm', (route) =>
      route.fulfill({body: wasm, contentType: 'application/wasm'}));
    const lab = await new Lab(t).open();
    await lab.step('run');
    await lab.button('Load the model').click();
    await show(lab, 'out-of-memory');
  },

  async 'a runtime that ends'(t) {
    t.allow(/ended on purpose/);
    const lab = await new Lab(t).open();
    await lab.load();
    const worker = t.page.workers().find((each) => each.url().endsWith('client/worker.js'));
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error('ended on purpose');
      });
    });
    await t.page.waitForTimeout(500);
    await lab.write('a');
    await show(lab, 'worker-crash');
    await lab.button('Load the model again').click();
    await lab.button('Load it again').waitFor();
    await lab.write('a');
    await t.page.locator('.output .hint', {hasText: 'ended by stop token'}).waitFor();
  },

  async 'a reader of packets that ends'(t) {
    t.allow(/ended on purpose/);
    const packet = new PacketCopy('ending').inflateModel(5 * GIB);
    const lab = await new Lab(t).open();
    await lab.pickFolder(packet.folder);
    await lab.failure('too-large');
    const worker = t.page.workers().find((each) => each.url().endsWith('packet_worker.js'));
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error('ended on purpose');
      });
    });
    await t.page.locator('[data-failure="worker-crash"]').waitFor();
    await lab.pickFolder(PACKET);
    await t.page.getByText('Digest you trust').waitFor();
  },
};
