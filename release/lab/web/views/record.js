// The release record and the other documents, as they are.

import {h, replace} from '../dom.js';
import {formatBytes} from '../text/format.js';
import {card, details, digest, facts, jsonText, table, term} from './parts.js';

/** @param {import('../session.js').Session} session */
export function recordView(session) {
  const body = h('div', {class: 'stack'});
  let shown = null;
  session.store.watch(['packet'], ({packet}) => {
    if (packet?.id === shown) return;
    shown = packet?.id ?? null;
    replace(body, packet === null ? null : recordBody(packet.contents));
  });
  return body;
}

function recordBody(contents) {
  const {json: record} = contents.record;
  return [
    h('div', {class: 'columns'}, standsOn(record), obligations(record)),
    inside(record),
    documents(contents),
  ];
}

function standsOn(record) {
  return card('What the release stands on',
      h('p', null, 'The ', term('record'), ' names all of it by ', term('digest'), '.'),
      facts([
        [term('assembly'), digest(record.assembly_digest)],
        ['Model file', digest(record.model_digest)],
        ['Model manifest', digest(record.model_manifest_digest)],
        ['Parents', record.parent_digests.map((each) => digest(each))],
        [term('adapter', 'adapters'), many(record.adapter_digests)],
        [term('receipt', 'receipts'), many(record.operator_receipt_digests)],
        [term('policy'), digest(record.policy_digest)],
        ['Decision', digest(record.decision_digest)],
        [term('scorecard'), digest(record.scorecard_digest)],
        [term('bom', 'bill of materials'), digest(record.bom_digest)],
        ['Source files', digest(record.inputs_digest)],
      ]));
}

const many = (digests) => (digests.length === 0 ?
  h('span', {class: 'nothing'}, 'none') : digests.map((each) => digest(each)));

function obligations(record) {
  return card('What it asks of you',
      record.licenses.length === 0 ? h('p', {class: 'nothing'}, 'No licences.') :
        table('Licences', ['Licence', 'Text'],
            record.licenses.map(({name, digest: value}) => [name, digest(value)])),
      h('h4', null, 'Terms'),
      record.terms.length === 0 ?
        h('p', {class: 'nothing'}, 'None above the least.') :
        table('Terms', ['Scale', 'Level'],
            record.terms.map(({scale, level}) => [scale.replaceAll('_', ' '), level])),
      h('h4', null, 'Inherited'),
      record.inherited_obligations.length === 0 ?
        h('p', {class: 'nothing'}, 'Nothing from an ancestor.') :
        table('Inherited licences', ['Licence', 'From ancestor'],
            record.inherited_obligations.map(({name, artifact_digest}) =>
              [name, digest(artifact_digest)])));
}

function inside(record) {
  return card('Runtimes and what is in them',
      record.runtimes.length === 0 ?
        h('p', {class: 'nothing'}, 'The packet has no runtimes.') :
        table('Runtimes', ['Target', 'SHA-256'],
            record.runtimes.map(({target, digest: value}) => [target, digest(value)])),
      record.linked_libraries.length > 0 && table('Libraries in the runtimes',
          ['Library', 'Version', 'Licence', 'In'], record.linked_libraries.map(
              ({name, version, license, targets}) =>
                [name, version || 'this project’s own', license, targets.join(', ')])),
      record.toolchain_pins.length > 0 && details(
          `Tools it was built with (${record.toolchain_pins.length})`,
          () => table('Toolchain pins', ['Name', 'Version', 'Tree'],
              record.toolchain_pins.map(({name, version, tree_digest}) =>
                [name, version, digest(tree_digest)]))));
}

/** Longer ones would hold up the page. */
const MAX_SHOWN_BYTES = 2 * 2 ** 20;

const DOCUMENTS = [
  'record', 'modelManifest', 'adapterManifests', 'receipts', 'suites', 'sidecars',
  'baselines', 'scorecard', 'decision', 'policy', 'diagnostics', 'node',
  'ancestors', 'releaseNode', 'bom',
];

function documents(contents) {
  const all = DOCUMENTS.flatMap((kind) => contents[kind] ?? []);
  return card('Every document',
      h('p', null, 'As they lie in the packet, only indented.'),
      all.map((document) => details(
          h('span', {class: 'group-line'}, h('code', null, document.filePath),
              h('span', {class: 'group-size'}, formatBytes(document.size))),
          () => h('div', null, h('p', null, digest(document.digest)),
              document.size > MAX_SHOWN_BYTES ?
                h('p', {class: 'hint'}, 'It is too long to be shown here.') :
                jsonText(document.json)))));
}
