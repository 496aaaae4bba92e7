// What is said about the packet beside it, and by whom.

import {h, replace} from '../dom.js';
import {checkClaims} from '../packet/claims.js';
import {MAX_ENVELOPE_BYTES, readClaimsFile} from '../packet/dsse.js';
import {importPublicKeys} from '../packet/keys.js';
import {signTrial} from '../packet/trial_claims.js';
import {plural, shortDigest} from '../text/format.js';
import {badge, button, card, digest, failurePanel, field, table, term} from './parts.js';

const MAX_FILES = 32;
const TRIAL = 'signed here, as a trial';

const STATES = {
  good: ['good', 'signed'],
  unsigned: ['warn', 'signer unknown'],
  untrusted: ['bad', 'by no key of yours'],
  bad: ['bad', 'not about this packet'],
  missing: ['quiet', 'not given'],
};

const WORDS = {
  good: 'It says what the packet gives, and a key of yours signed it.',
  unsigned: 'It says what the packet gives. Give a public key to learn whether ' +
      'its owner signed it.',
  untrusted: 'It says what the packet gives, but none of your keys signed it.',
  bad: '',
  missing: 'The record expects this claim. It was not given, which is no fault ' +
      'of the packet.',
};

const KINDS = {
  eval: 'what the evidence is, suite by suite',
  oms: 'the files of the release (OpenSSF Model Signing)',
  provenance: 'what the packet was made of (SLSA)',
  'test-result': 'which cases passed',
  vsa: 'that an auditor verified it',
};

/** @param {import('../session.js').Session} session */
export function claimsView(session) {
  const body = h('div', {class: 'stack'});
  const states = h('div', {class: 'slot'});
  const given = givenCard(session);
  let shown = null;
  session.store.watch(['packet', 'claimFiles', 'keys'], async (state) => {
    if (state.packet === null) {
      shown = null;
      replace(body);
      return;
    }
    if (shown !== state.packet.id) {
      shown = state.packet.id;
      replace(body, states, given);
    }
    replace(states, statesCard(await checkAll(session, state)));
  });
  return body;
}

async function checkAll(session, {packet, claimFiles, keys}) {
  const expected = packet.contents.record.json.expected_claims;
  const envelopes = claimFiles.flatMap(({envelopes: all}) => all);
  const states = await checkClaims(envelopes, keys, expected,
      (statement) => session.packets.checkStatement(packet.id, statement));
  session.store.set({claims: states});
  return states;
}

function statesCard(states) {
  return card('What is claimed',
      h('p', null, 'A ', term('claim'), ' lies beside the packet and points at it by ' +
        'digest. What each says is compared with what the packet gives; its ' +
        'signature is checked by the ', term('publicKey', 'public keys'), ' that you give.'),
      states.length === 0 ? h('p', {class: 'nothing'}, 'The record expects no claims.') :
        table('Claims', ['Claim', 'State', 'What that means', 'Signed by'], states.map(
            ({kind, state, fault, signers, hints}) => [
              [h('strong', null, kind), h('p', {class: 'hint'}, KINDS[kind] ?? '')],
              badge(...STATES[state]),
              fault || WORDS[state],
              signers.length > 0 ? signers.map((id) => digest(id)) :
                hints.length > 0 ? h('span', {class: 'hint'},
                    `names key ${shortDigest(hints[0])}`) : '',
            ])));
}

function givenCard(session) {
  const answer = h('div', {class: 'slot'});
  const fail = (title, error, next) => replace(answer, failurePanel({
    kind: 'bad-claims', title, what: error.message, next: [next], details: []}));
  const files = h('input', {
    type: 'file', multiple: true, accept: '.jsonl,.json', on: {change: async () => {
      try {
        await addFiles(session, [...files.files]);
        replace(answer);
      } catch (error) {
        fail('This is no file of claims', error,
            'Pick claims.intoto.jsonl, or a .sigstore.json bundle.');
      }
      files.value = '';
    }},
  });
  const keys = h('textarea', {
    rows: 4, spellcheck: 'false', autocomplete: 'off',
    placeholder: '-----BEGIN PUBLIC KEY-----',
  });
  const add = button('Trust these keys', async () => {
    try {
      const added = await importPublicKeys(keys.value, globalThis.crypto?.subtle);
      const known = new Map(
          [...session.state.keys, ...added].map((key) => [key.id, key]));
      session.store.set({keys: [...known.values()]});
      keys.value = '';
      replace(answer);
    } catch (error) {
      fail('This key cannot be used', error, 'Paste a public key in PEM form.');
    }
  });
  return card('Your keys and claims', answer,
      h('div', {class: 'columns'},
          h('div', {class: 'stack-small'},
              field('Files of claims', files, 'claims.intoto.jsonl, or .sigstore.json ' +
                'bundles: what “pedigree sign” wrote.'),
              trialButton(session, fail), fileList(session)),
          h('div', {class: 'stack-small'},
              field('Public keys (PEM)', keys, 'Ed25519 or ECDSA P-256, from somebody you ' +
                'trust and not from where the packet came from. They stay in this page.'),
              h('div', {class: 'actions'}, add), keyList(session))));
}

async function addFiles(session, files) {
  if (session.state.claimFiles.length + files.length > MAX_FILES) {
    throw new Error(`More than ${MAX_FILES} files are too many.`);
  }
  const read = [];
  for (const file of files) {
    if (file.size > MAX_ENVELOPE_BYTES) {
      throw new Error(`${file.name} is longer than claims are.`);
    }
    read.push({
      name: file.name, envelopes: readClaimsFile(file.name, await file.text())});
  }
  const names = new Set(read.map(({name}) => name));
  const kept = session.state.claimFiles.filter(({name}) => !names.has(name));
  session.store.set({claimFiles: [...kept, ...read]});
}

/** Claims that are signed here and now, by a key that nobody keeps. */
function trialButton(session, fail) {
  return h('div', {class: 'trial'},
      button('Try it with a throwaway key', async () => {
        try {
          const statements =
              await session.packets.statements(session.state.packet.id);
          const {key, envelopes} =
              await signTrial(statements, globalThis.crypto?.subtle);
          session.store.set({
            keys: [key], claimFiles: [{name: TRIAL, envelopes}]});
        } catch (error) {
          fail('The trial could not be signed', error,
              'Pick claims that somebody signed.');
        }
      }),
      h('p', {class: 'hint'}, 'Signs the packet’s own statements in this page with a ' +
        'key that is made for it and forgotten: it shows how claims are checked, and ' +
        'proves nothing.'));
}

function fileList(session) {
  const list = h('ul', {class: 'plain-list'});
  session.store.watch(['claimFiles'], ({claimFiles}) => {
    replace(list, claimFiles.map(({name, envelopes}) => h('li', null,
        `${name}: ${plural(envelopes.length, 'claim')} `,
        button('Remove', () => session.store.set({
          claimFiles: session.state.claimFiles.filter((each) => each.name !== name)}),
        {kind: 'quiet', 'aria-label': `Remove ${name}`}))));
  });
  return list;
}

function keyList(session) {
  const list = h('ul', {class: 'plain-list'});
  session.store.watch(['keys'], ({keys}) => {
    replace(list, keys.map(({id, kind}) => h('li', null, `${kind} `, digest(id), ' ',
        button('Remove', () => session.store.set({
          keys: session.state.keys.filter((key) => key.id !== id)}),
        {kind: 'quiet', 'aria-label': `Remove key ${shortDigest(id)}`}))));
  });
  return list;
}

/** For the navigation. */
export function claimsStatus({packet, claims}) {
  if (packet === null || claims === null) return null;
  const count = (wanted) => claims.filter(({state}) => state === wanted).length;
  if (count('bad') > 0) return ['bad', 'altered'];
  if (count('untrusted') > 0) return ['bad', 'untrusted'];
  if (count('good') > 0) return ['good', `${count('good')} signed`];
  if (count('unsigned') > 0) return ['warn', 'signer unknown'];
  return ['quiet', 'none given'];
}
