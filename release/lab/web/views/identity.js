// What the packet is, and what was checked before anything in it was believed.

import {h, replace} from '../dom.js';
import {formatBytes, formatCount, plural} from '../text/format.js';
import {
  badge, button, card, details, digest, facts, failurePanel, field, progressBar,
  seal, table, term,
} from './parts.js';

/** What verification does, in the order of docs/formats/packet.md. */
const CHECKS = [
  ['The folder holds a packet’s files and nothing else', 'layout'],
  ['Index and manifest are well-formed', 'manifest'],
  ['Every file has the size and SHA-256 that the manifest gives', 'digests'],
  ['Names are safe, key sets closed, nothing comes twice', 'names'],
  ['Every document is the canonical form of its schema', 'documents'],
  ['The parts belong together: model, adapters, suites, lineage, licences', 'links'],
  ['Policy and evidence lead to the very decision in the packet', 'decision'],
  ['Record, bill of materials and manifest follow from the other parts', 'rebuilt'],
];

const STAGES = {
  list: 'Looking at the files',
  manifest: 'Reading the manifest',
  hash: 'Hashing',
  verify: 'Checking how the parts belong together',
};

const GROUPS = [
  ['Model', /^(model\.slm|adapters\/)/],
  ['Runtimes', /^runtimes\//],
  ['Evidence', /^(suites|sidecars|baselines|diagnostics)\/|^(scorecard|decision|policy)\.json$/],
  ['Lineage', /^(node|release-node)\.json$|^(ancestors|receipts|adapter-manifests)\//],
  ['Record', /^(record|model\.manifest|bom\.cdx)\.json$/],
  ['Licences', /^licenses\//],
];

const groupOf = (filePath) =>
  GROUPS.findIndex(([, pattern]) => pattern.test(filePath));

/** @param {import('../session.js').Session} session */
export function identityView(session) {
  const body = h('div', {class: 'stack'});
  const progress = progressBar('Reading the packet');
  const cancel = button('Cancel', () => session.cancelReading());
  const reading = h('div', {class: 'card reading'},
      h('h3', null, 'Verifying'), progress.element, cancel);
  let shown = null;
  session.store.watch(['reading', 'packet', 'failure'], (state) => {
    if (state.reading !== null) {
      const {done, total, label, stage, file} = state.reading;
      const words = `${STAGES[stage]}${file ? ` ${file}` : ` ${label}`}${
        total > 0 ? `: ${formatBytes(Math.min(done, total))} of ${
          formatBytes(total)}` : ''}`;
      progress.update(done, stage === 'verify' ? 0 : total, words);
    }
    const next = state.reading !== null ? 'reading' :
      state.failure ?? state.packet;
    if (next === shown) return;
    shown = next;
    if (next === 'reading') replace(body, reading);
    else if (state.failure !== null) replace(body, failureBody(session, state));
    else if (state.packet !== null) replace(body, packetBody(session, state.packet));
    else replace(body);
  });
  return body;
}

function failureBody(session, {failure, packet}) {
  return [
    failurePanel(failure,
        failure.retry && button('Try again', failure.retry, {kind: 'primary'}),
        button('Open another packet', () => session.chooseFiles()),
        packet !== null && button('Back to the packet before',
            () => session.dismissFailure(), {kind: 'quiet'})),
  ];
}

function packetBody(session, packet) {
  const {contents} = packet;
  return [
    verdict(session, packet),
    h('div', {class: 'columns'}, checks(contents), overview(contents)),
    layers(contents),
  ];
}

function verdict(session, packet) {
  const {contents, expected} = packet;
  const {name, version} = contents.record.json;
  return h('section', {class: 'verdict', 'aria-labelledby': 'verdict-title'},
      h('div', {class: 'verdict-seal'}, seal(contents.digest, 132)),
      h('div', {class: 'verdict-words'},
          h('p', {class: 'eyebrow'}, expected ? 'Identity checked' : 'Verified'),
          h('h3', {id: 'verdict-title'}, name, ' ',
              h('span', {class: 'version'}, version)),
          h('p', null, expected ?
            'This is the very packet you asked for, and all of it is what it ' +
              'says.' :
            'Everything in this packet is what it says it is. Whether it is ' +
              'the one you mean, only its digest can tell.'),
          h('p', {class: 'whole-digest'}, h('code', null, contents.digest)),
          expected ? null : expectedForm(session, packet)));
}

function expectedForm(session, packet) {
  const input = h('input', {
    type: 'text', autocomplete: 'off', spellcheck: 'false',
    placeholder: 'sha256:…',
  });
  const answer = h('p', {class: 'answer', 'aria-live': 'polite'});
  const check = () => {
    const typed = input.value.trim().toLowerCase().replace(/^(sha256:)?/, 'sha256:');
    if (!/^sha256:[0-9a-f]{64}$/.test(typed)) {
      replace(answer, badge('warn', 'That is no digest'),
          ' A digest is sha256: and 64 digits 0–9, a–f.');
    } else if (typed === packet.contents.digest) {
      session.confirmIdentity();
    } else {
      replace(answer, badge('bad', 'Another packet'),
          ' The digest you trust is not this packet’s. Do not use it in its ' +
          'place.');
    }
  };
  return h('form', {
    class: 'inline-form', on: {submit: (event) => {
      event.preventDefault();
      check();
    }},
  },
  field(h('span', null, 'Digest you trust'), input),
  h('button', {type: 'submit', class: 'button button-plain'}, 'Compare'),
  answer);
}

function checks(contents) {
  const total = contents.layers.reduce((sum, {size}) => sum + size, 0);
  return card('What was checked',
      h('ol', {class: 'checks'}, CHECKS.map(([text]) => h('li', null,
          h('span', {class: 'tick', 'aria-hidden': 'true'}, '✓'),
          h('span', null, text)))),
      h('p', {class: 'hint'}, `${plural(contents.layers.length, 'file')}, ${
        formatBytes(total)}, in this browser, by the verifier of the pedigree ` +
        'command. Nothing was parsed before its digest was right.'));
}

function overview(contents) {
  const {json: record} = contents.record;
  const {json: manifest} = contents.modelManifest;
  const {shape} = manifest;
  return card('The release',
      facts([
        [term('assembly'), digest(record.assembly_digest)],
        ['Model', `${formatCount(manifest.parameter_count)} parameters, ${
          manifest.quantization}, ${plural(shape.layer_count, 'layer')}, context ${
          formatCount(shape.max_context)}`],
        [term('adapter', 'adapters'), contents.adapterManifests.length === 0 ?
          'none' : contents.adapterManifests.map(({json}) =>
            `${json.name} ${json.version}`).join(', ')],
        [term('gate'), [badge('good', contents.decision.json.verdict), ' ',
          contents.decision.json.action]],
        [term('claimLevel', 'claim level'), record.claim_level],
        [term('numerics'), record.numerics_version],
        ['Licences', record.licenses.map(({name}) => name).join(', ') || 'none'],
        [term('rollback', 'rollback target'), digest(record.rollback_target)],
      ]));
}

function layers(contents) {
  const groups = GROUPS.map(([name], i) => {
    const members = contents.layers.filter(
        ({file_path}) => groupOf(file_path) === i);
    return {
      name, members, size: members.reduce((sum, {size}) => sum + size, 0),
    };
  }).filter(({members}) => members.length > 0);
  return card('Its files',
      sizeBar(groups),
      groups.map(({name, members, size}) => details(
          h('span', {class: 'group-line'}, h('span', null, name),
              h('span', {class: 'group-size'},
                  `${plural(members.length, 'file')}, ${formatBytes(size)}`)),
          () => table(`${name}: files`, ['File', 'Size', 'SHA-256'],
              members.map(({file_path, size: bytes, digest: value}) =>
                [h('code', null, file_path), formatBytes(bytes), digest(value)]),
              {numeric: [1]}))));
}

/** How the bytes are shared out, as a bar; the words are below it. */
function sizeBar(groups) {
  const bar = h('div', {class: 'size-bar', 'aria-hidden': 'true'});
  groups.forEach(({size}, i) => {
    const part = h('span', {class: `size-part size-part-${i}`});
    part.style.flexGrow = String(Math.max(size, 1));
    bar.append(part);
  });
  return bar;
}
