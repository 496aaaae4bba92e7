// The lab in a browser: the whole path on the fixture packet, in every step.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import {PACKET, sha256} from './packets.mjs';
import {Lab} from './page.mjs';

export const targets = [
  '//fixtures:descendant_smoke', '//fixtures:packet', '//fixtures:packet.digest',
  '//release/lab:site',
];

export const mounts = {
  '/lab/': 'bazel-bin/release/lab/site',
  '/packet/': PACKET,
  '/packed/packet.tar.zst': 'bazel-bin/release/lab/site_packet.tar.zst',
};

// Read when a test runs: the targets are not built before.
const readDigest = () => fs.readFileSync('bazel-bin/fixtures/packet.digest', 'utf8').trim();
const readNativeSidecar = () =>
  fs.readFileSync('bazel-bin/fixtures/descendant_smoke.sidecar.json');

const titles = (locator) =>
  locator.evaluateAll((elements) => elements.map((element) => element.title));

export const tests = {
  async 'opens with a packet that is verified, and identified'(t) {
    const lab = await new Lab(t).open();
    const words = await t.page.locator('.verdict').innerText();
    assert.match(words, /Identity checked/);
    assert.ok(words.includes(readDigest()));
    await lab.audit();
    await lab.pictures('identity');
  },

  async 'runs the model, without and with its adapter'(t) {
    const lab = await new Lab(t).open();
    await lab.load();
    const written = t.page.locator('.written');
    const ended = t.page.locator('.output .hint', {hasText: 'ended by'});
    await lab.write('a');
    await ended.waitFor();
    assert.equal(await written.innerText(), 'bcdefghijklmnopqrstuvwxyz');
    await lab.write('0');
    await t.page.waitForFunction(
        () => document.querySelector('.written').innerText === '123456789');
    await lab.button('Reset to the base model').click();
    await t.page.getByText('not applied').waitFor();
    await lab.write('0');
    await t.page.waitForFunction(
        () => !document.querySelector('.written').innerText.startsWith('1') &&
          !document.querySelector('.is-writing'));
    await lab.button('Validate mock-digits').click();
    await t.page.getByText('could be applied now').waitFor();
    await lab.button('Apply mock-digits').click();
    await t.page.locator('.adapter .badge-good').waitFor();
    await lab.button('Read the diagnostics').click();
    await t.page.locator('.step-run').getByText('Forward passes').waitFor();
    await lab.audit();
    await lab.pictures('run');
  },

  async 'samples the same text from the same seed'(t) {
    const lab = await new Lab(t).open();
    await lab.load();
    await t.page.getByLabel('Temperature').fill('10');
    await t.page.getByLabel('Top k').fill('1024');
    const texts = [];
    for (const seed of ['7', '7', '8']) {
      await t.page.getByLabel('Seed').fill(seed);
      await lab.write('a');
      await t.page.waitForFunction(() => !document.querySelector('.is-writing'));
      texts.push(await t.page.locator('.written').innerText());
    }
    assert.equal(texts[0], texts[1]);
    assert.notEqual(texts[0], texts[2]);
  },

  async 'makes the evidence again, the native bytes, and the baseline too'(t) {
    const lab = await new Lab(t).open();
    await lab.step('evidence');
    await lab.button('Make all of it again here').click();
    await t.page.locator('.rederived').nth(1).waitFor();
    assert.equal(await t.page.locator('.rederived[data-same="true"]').count(), 2);
    const [recorded, made] =
        await titles(t.page.locator('.rederived').first().locator('.digest'));
    assert.equal(made, `sha256:${sha256(readNativeSidecar())}`);
    assert.equal(recorded, made);
    await lab.audit();
    await lab.pictures('evidence');
  },

  async 'makes the evidence again by the runtime that is in the packet'(t) {
    const lab = await new Lab(t).open();
    await lab.step('run');
    await t.page.getByText('Which runtime').click();
    await t.page.getByLabel('the runtime that is in the packet').check();
    await lab.step('evidence');
    await lab.button('Make all of it again here').click();
    await t.page.locator('.rederived').nth(1).waitFor();
    assert.equal(await t.page.locator('.rederived[data-same="true"]').count(), 2);
  },

  async 'names the cases when other evidence comes out'(t) {
    // A suite that drifted on its way to the runtime.
    await t.context.route('**/packet/evidence.js', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(
          '"suite":${suiteText}}', '"suite":${suiteText.replace(\'"xyz"\', \'"xyw"\')}}');
      assert.match(body, /xyw/);
      await route.fulfill({response, body});
    });
    const lab = await new Lab(t).open();
    await lab.step('evidence');
    await lab.button('Make it again: Suite smoke').click();
    await t.page.locator('.rederived[data-same="false"]').waitFor();
    const words = await t.page.locator('.rederived').innerText();
    assert.match(words, /1 case came out another way/);
    assert.match(words, /alphabet\/end/);
    await lab.audit();
    await lab.pictures('evidence-differs');
  },

  async 'shows the lineage, by mouse and by keys'(t) {
    const lab = await new Lab(t).open();
    await lab.step('lineage');
    const node = (name) => t.page.locator('.node', {hasText: name});
    assert.equal(await node('mock-alphabet-digits').getAttribute('aria-pressed'), 'true');
    await node('import').click();
    await t.page.locator('.node-panel').getByText('4 of 8').waitFor();
    await node('import').press('ArrowDown');
    await t.page.keyboard.press('Enter');
    await t.page.locator('.node-panel').getByText('This release.').waitFor();
    await t.page.getByLabel('Lineage file').setInputFiles({
      name: 'lineage.json', mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify({
        schema_version: 'pedigree.lineage.v1',
        nodes: [{id: 'x', state: '', releases: [{packet: readDigest(), state: 'champion'}]}],
      })),
    });
    await node('champion').waitFor();
    await lab.audit();
    await lab.pictures('lineage');
  },

  async 'checks claims and who signed them'(t) {
    const lab = await new Lab(t).open();
    await lab.step('claims');
    await t.page.waitForFunction(
        () => document.querySelectorAll('.step-claims td .badge-quiet').length === 4);
    await lab.button('Try it with a throwaway key').click();
    await t.page.waitForFunction(
        () => document.querySelectorAll('.step-claims td .badge-good').length === 4);
    await lab.audit();
    await lab.pictures('claims');
    await t.page.getByRole('button', {name: /^Remove key/}).click();
    await t.page.waitForFunction(
        () => document.querySelectorAll('.step-claims td .badge-warn').length === 4);
    await t.page.getByLabel('Public keys (PEM)').fill(
        '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----');
    await lab.button('Trust these keys').click();
    const panel = await lab.failure('bad-claims');
    assert.match(await panel.innerText(), /private key/);
  },

  async 'shows the record and every document'(t) {
    const lab = await new Lab(t).open();
    await lab.step('record');
    await t.page.locator('summary', {hasText: 'decision.json'}).click();
    await t.page.getByText('"action": "promote"').waitFor();
    await lab.audit();
    await lab.pictures('record');
  },

  async 'tells what changed between two packets'(t) {
    const lab = await new Lab(t).open();
    await lab.step('compare');
    await lab.button('The example’s fused sibling').click();
    await t.page.getByText('output.weight').waitFor();
    await lab.audit();
    await lab.pictures('compare');
  },

  async 'explains its words, and chooses its colours'(t) {
    const lab = await new Lab(t).open();
    await lab.button('Help: what the words mean').click();
    await t.page.locator('.glossary').getByText('The SHA-256 of some bytes').waitFor();
    await lab.audit();
    await lab.pictures('help');
    await lab.button('Close').click();
    await t.page.locator('.facts .term').first().click();
    await t.page.locator('.term-popover:popover-open').waitFor();
    await lab.audit();
    await t.page.keyboard.press('Escape');
    await t.page.getByRole('button', {name: /^Colours/}).click();
    await t.page.getByRole('button', {name: /^Colours: light/}).click();
    assert.equal(
        await t.page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    await t.page.reload();
    await t.page.locator('.verdict').waitFor();
    assert.equal(
        await t.page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  },

  async 'opens a packet from its own site, in both forms'(t) {
    const digest = readDigest();
    const lab = await new Lab(t).open(`?packet=/packet/&digest=${digest}`);
    assert.match(await t.page.locator('.verdict').innerText(), /Identity checked/);
    await lab.button('Open a packet').click();
    await lab.audit();
    await lab.pictures('open');
    await t.page.getByLabel('Or an address on this site').fill('/packed/packet.tar.zst');
    await lab.button('Open the address').click();
    await t.page.getByText('Digest you trust').waitFor();
    await t.page.getByLabel('Digest you trust').fill(`sha256:${'0'.repeat(64)}`);
    await lab.button('Compare').click();
    await t.page.locator('.answer', {hasText: 'Another packet'}).waitFor();
    await t.page.getByLabel('Digest you trust').fill(digest);
    await lab.button('Compare').click();
    await t.page.getByText('Identity checked', {exact: true}).first().waitFor();
  },

  async 'opens a folder that is picked, and files that are dropped'(t) {
    const lab = await new Lab(t).open();
    await lab.pickFolder(PACKET);
    await t.page.getByText('Digest you trust').waitFor();
    const bytes = fs.readFileSync('bazel-bin/release/lab/site_packet.tar.zst').toString('base64');
    const drop = await t.page.evaluateHandle((base64) => {
      const transfer = new DataTransfer();
      const data = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      for (const name of ['a.tar.zst', 'b.tar.zst']) transfer.items.add(new File([data], name));
      return transfer;
    }, bytes);
    await t.page.dispatchEvent('body', 'dragover', {dataTransfer: drop});
    await t.page.dispatchEvent('body', 'drop', {dataTransfer: drop});
    await t.page.getByText('Not one bit of them differs.').waitFor();
  },

  async 'works without a network once it was here'(t) {
    await new Lab(t).open();
    await t.page.evaluate(() => navigator.serviceWorker.ready);
    await t.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await t.context.setOffline(true);
    t.allow(/ERR_INTERNET_DISCONNECTED|Failed to fetch/);
    await t.page.reload();
    await t.page.locator('.verdict').waitFor();
    const lab = new Lab(t);
    await lab.step('evidence');
    await lab.button('Make all of it again here').click();
    await t.page.locator('.rederived[data-same="true"]').nth(1).waitFor();
  },

  async 'is used by keys alone'(t) {
    await new Lab(t).open();
    await t.page.keyboard.press('Tab');
    assert.equal(await t.page.evaluate(() => document.activeElement.innerText),
        'Skip to the packet');
    const reached = new Set();
    for (let i = 0; i < 40; ++i) {
      await t.page.keyboard.press('Tab');
      reached.add(await t.page.evaluate(() => document.activeElement.textContent.slice(0, 40)));
    }
    for (const name of ['Open a packet', '?', '3Evidence']) {
      assert.ok([...reached].some((text) => text.startsWith(name)), `${name}: ${[...reached]}`);
    }
  },
};
