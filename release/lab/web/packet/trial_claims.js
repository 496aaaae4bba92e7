// Claims for a trial: a packet's own statements, signed by a key that is made for
// them and forgotten.

import {encodeUtf8} from './bytes.js';
import {PAYLOAD_TYPE, preAuthEncoding} from './dsse.js';
import {importPublicKeys} from './keys.js';

const ALGORITHM = {name: 'ECDSA', namedCurve: 'P-256'};

/**
 * @param {Record<string, string>} statements texts by kind
 * @param {SubtleCrypto|undefined} subtle
 * @returns {Promise<{key: import('./keys.js').PublicKey,
 *     envelopes: import('./dsse.js').Envelope[]}>}
 */
export async function signTrial(statements, subtle) {
  if (subtle === undefined) {
    throw new Error('This browser gives cryptography only to pages from ' +
        'https:// or localhost.');
  }
  const pair = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const spki = new Uint8Array(await subtle.exportKey('spki', pair.publicKey));
  const [key] = await importPublicKeys(pemOf(spki), subtle);
  const envelopes = [];
  for (const text of Object.values(statements)) {
    const payload = encodeUtf8(text);
    const raw = await subtle.sign({name: 'ECDSA', hash: 'SHA-256'},
        pair.privateKey, preAuthEncoding(PAYLOAD_TYPE, payload));
    envelopes.push({
      payloadType: PAYLOAD_TYPE, payload,
      signatures: [{keyId: key.id, signature: derSignature(new Uint8Array(raw))}],
    });
  }
  return {key, envelopes};
}

const pemOf = (der) => `-----BEGIN PUBLIC KEY-----\n${
  btoa(String.fromCharCode(...der))}\n-----END PUBLIC KEY-----\n`;

/**
 * @param {Uint8Array} raw two numbers of 32 bytes
 * @returns {Uint8Array} ASN.1 DER
 */
export function derSignature(raw) {
  const integers = [raw.subarray(0, 32), raw.subarray(32)].flatMap((bytes) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const value = [...bytes.subarray(start < 0 ? 31 : start)];
    if (value[0] >= 0x80) value.unshift(0);
    return [0x02, value.length, ...value];
  });
  return Uint8Array.from([0x30, integers.length, ...integers]);
}
