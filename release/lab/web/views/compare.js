// What changed between two packets.

import {h, replace} from '../dom.js';
import {titleOf} from '../packet/contents.js';
import {formatBytes, formatRate, plural, shortDigest} from '../text/format.js';
import {
  badge, button, card, details, failurePanel, progressBar, seal, table, term,
} from './parts.js';

const MAX_TEXT = 200;
const TONES = {added: 'good', removed: 'bad', changed: 'warn'};

/** @param {import('../session.js').Session} session */
export function compareView(session) {
  const body = h('div', {class: 'stack'});
  const progress = progressBar('Reading the other packet');
  const reading = h('div', {class: 'card'}, h('h3', null, 'Verifying the other packet'),
      progress.element, button('Cancel', () => session.cancelOther()));
  let shown;
  const keys = ['packet', 'otherReading', 'otherFailure', 'difference'];
  session.store.watch(keys, (state) => {
    const {otherReading, otherFailure, difference, packet} = state;
    if (otherReading !== null) {
      const {done, total, label} = otherReading;
      progress.update(done, total, total > 0 ?
        `${label}: ${formatBytes(Math.min(done, total))} of ${formatBytes(total)}` : label);
    }
    const next = packet === null ? 'nothing' : otherReading !== null ? 'reading' :
      otherFailure ?? difference ?? packet.id;
    if (next === shown) return;
    shown = next;
    if (packet === null) replace(body);
    else if (next === 'reading') replace(body, reading);
    else {
      replace(body, otherFailure !== null && failurePanel(otherFailure),
          pickCard(session, state), difference !== null && report(state));
    }
  });
  return body;
}

function pickCard(session, {packet, difference, other}) {
  const input = (attributes, label) => {
    const element = h('input', {
      type: 'file', class: 'visually-hidden-input', ...attributes,
      on: {change: () => session.openOtherWhat(() => session.sourceOfFiles(element.files))},
    });
    return h('label', {class: 'button button-plain file-button'}, element, label);
  };
  const isExample = packet.contents.digest === session.example?.digest;
  return card(difference === null ? 'Choose the other packet' : 'Choose another',
      h('p', null, difference === null ?
        `Pick a second packet, or drop two at once. It is verified like the first, then ` +
        `compared with ${titleOf(packet.contents)}.` :
        `Compared with ${titleOf(other.contents)}.`),
      h('div', {class: 'actions'},
          input({}, 'A packed file'), input({webkitdirectory: true}, 'A folder'),
          isExample && session.example.sibling && button(
              'The example’s fused sibling', () => session.openOtherWhat(
                  () => session.sourceOfUrl(session.example.sibling)))));
}

function report({packet, other, difference}) {
  if (difference.same) {
    return card('The same packet',
        h('p', null, badge('good', 'Same digest'), ' Not one bit of them differs.'));
  }
  return [
    sides(packet.contents, other.contents),
    suitesCard(difference.suites),
    recordCard(difference.record),
    changesCard('Files', 'Files that differ', difference.blobs,
        'A file is named by its digest: where that differs, the bytes do.'),
    changesCard([term('tensor', 'Tensors'), ' of the models'], 'Tensors that differ',
        difference.tensors,
        'By the digest of their values, from the model manifests.'),
  ];
}

function sides(a, b) {
  const side = (contents) => h('div', {class: 'pair-side'}, seal(contents.digest, 72),
      h('div', null, h('p', {class: 'pair-title'}, titleOf(contents)),
          h('code', {class: 'digest'}, shortDigest(contents.digest))));
  return h('div', {class: 'card'}, h('div', {class: 'pair'}, side(a),
      h('span', {class: 'pair-sign pair-differs', 'aria-hidden': 'true'}, '→'), side(b)));
}

function suitesCard(suites) {
  return card('Evidence',
      table('Evidence of both', ['Suite', 'First', 'Second', 'Gained', 'Lost', 'Other answers'],
          suites.map(({suite, a, b, gained, lost, cases}) => [
            suite, formatRate(a), formatRate(b),
            gained.length === 0 ? '0' : `${gained.length}: ${gained.slice(0, 8).join(', ')}`,
            lost.length === 0 ? '0' : `${lost.length}: ${lost.slice(0, 8).join(', ')}`,
            plural(cases.filter(({fields}) => fields.includes('actual')).length, 'case'),
          ])),
      suites.map(({suite, cases}) => cases.length > 0 && details(
          `Suite ${suite}: ${plural(cases.length, 'case')} with another record`,
          () => table(`Cases of ${suite}`, ['Case', 'First', 'Second', 'What differs'],
              cases.map(({id, recorded, rederived, fields}) => [
                h('code', null, id), answer(recorded), answer(rederived),
                fields.join(', ')])))));
}

const answer = (result) => (result === undefined ?
  h('span', {class: 'nothing'}, 'not there') :
  [badge(result.passed ? 'good' : 'bad', result.passed ? 'passed' : 'failed'), ' ',
    h('q', null, short(result.actual))]);

const short = (value) => {
  const text = value === undefined ? 'nothing' :
    typeof value === 'string' ? value || 'empty' : JSON.stringify(value);
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
};

const isDigest = (value) => /^sha256:[0-9a-f]{64}$/.test(value ?? '');
const cell = (value) => (isDigest(value) ?
  h('code', {class: 'digest', title: value}, shortDigest(value)) : short(value));

function recordCard(record) {
  return card(['Release ', term('record', 'record')],
      record.length === 0 ? h('p', {class: 'nothing'}, 'No field differs.') :
        table('Fields of the record that differ', ['Field', 'First', 'Second'],
            record.map(({place, a, b}) => [h('code', null, place), cell(a), cell(b)])));
}

function changesCard(title, caption, changes, hint) {
  const words = (value) => value.split(' ').map((word) => [cell(word), ' ']);
  return card(title,
      h('p', {class: 'hint'}, hint),
      changes.length === 0 ? h('p', {class: 'nothing'}, 'None differs.') :
        table(caption, ['Name', 'How', 'First', 'Second'], changes.map(
            ({name, kind, a, b}) => [
              h('code', null, name), badge(TONES[kind], kind),
              a === '' ? '' : words(a), b === '' ? '' : words(b)])));
}
