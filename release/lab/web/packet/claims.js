// What claims beside a packet say, and who signed them.
// Specification: docs/formats/claims.md, "Verification", for keys without a
// policy.

import {PAYLOAD_TYPE, preAuthEncoding} from './dsse.js';

/**
 * @typedef {object} ClaimState one kind of claim
 * @property {string} kind
 * @property {boolean} expected by the release record
 * @property {'missing'|'unsigned'|'good'|'untrusted'|'bad'} state `unsigned`: what
 *     it says is right, but no key was given; `untrusted`: none of them signed
 * @property {string} fault in words; or ''
 * @property {string[]} signers ids of the keys that signed
 * @property {string[]} hints keys that the envelope names
 */

/**
 * @param {import('./dsse.js').Envelope[]} envelopes
 * @param {import('./keys.js').PublicKey[]} keys
 * @param {string[]} expected kinds
 * @param {(statement: Uint8Array) => Promise<{kind: string, fault: string}>}
 *     checkStatement whether a statement says what the packet gives
 * @returns {Promise<ClaimState[]>} expected ones first, in their order
 */
export async function checkClaims(envelopes, keys, expected, checkStatement) {
  const found = [];
  for (const envelope of envelopes) {
    found.push(await checkEnvelope(envelope, keys, checkStatement));
  }
  const states = expected.map((kind) =>
    claimOfKind(kind, found.filter((each) => each.kind === kind)));
  const others = found.filter(({kind}) => !expected.includes(kind));
  return [...states, ...others.map((each) => ({
    ...each, expected: false,
    fault: each.fault || 'The release record expects no claim of this kind.',
  }))];
}

function claimOfKind(kind, found) {
  if (found.length === 0) {
    return {
      kind, expected: true, state: 'missing', fault: '', signers: [], hints: [],
    };
  }
  const bad = found.find(({state}) => state === 'bad');
  const signers = [...new Set(found.flatMap((each) => each.signers))];
  const best = bad ?? found.find(({state}) => state === 'good') ?? found[0];
  return {...best, kind, expected: true, signers};
}

async function checkEnvelope(envelope, keys, checkStatement) {
  const hints = envelope.signatures.map(({keyId}) => keyId)
      .filter((keyId) => keyId !== '');
  if (envelope.payloadType !== PAYLOAD_TYPE) {
    const fault = 'It holds no in-toto statement.';
    return {kind: 'unknown', state: 'bad', fault, signers: [], hints};
  }
  const {kind, fault} = await checkStatement(envelope.payload);
  const signers = await signersOf(envelope, keys);
  return {kind, state: stateOf(fault, signers, keys), fault, signers, hints};
}

function stateOf(fault, signers, keys) {
  if (fault !== '') return 'bad';
  if (signers.length > 0) return 'good';
  return keys.length === 0 ? 'unsigned' : 'untrusted';
}

/** Each key counts once, however often it signed. A key id decides nothing. */
async function signersOf({payloadType, payload, signatures}, keys) {
  const signed = preAuthEncoding(payloadType, payload);
  const signers = [];
  for (const key of keys) {
    for (const {signature} of signatures) {
      if (await key.verifies(signature, signed)) {
        signers.push(key.id);
        break;
      }
    }
  }
  return signers;
}
