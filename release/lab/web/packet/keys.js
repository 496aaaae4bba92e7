// Public keys, and whether one of them signed. Ed25519, or ECDSA on P-256 with
// SHA-256, by WebCrypto. Specification: docs/formats/claims.md, "Keys".

import {concatBytes, decodeBase64, equalBytes, toHex} from './bytes.js';

const MAX_PEM_BYTES = 16 * 2 ** 10;
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

const fromHex = (hex) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** The one DER form of each kind: what stands before the point. */
const KINDS = [
  {
    name: 'Ed25519', start: fromHex('302a300506032b6570032100'), bytes: 44,
    algorithm: {name: 'Ed25519'}, verify: {name: 'Ed25519'},
  },
  {
    name: 'ECDSA P-256',
    start: fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
    bytes: 91, algorithm: {name: 'ECDSA', namedCurve: 'P-256'},
    verify: {name: 'ECDSA', hash: 'SHA-256'},
  },
];

/**
 * @typedef {object} PublicKey
 * @property {string} id SHA-256 of its DER: 64 hex digits
 * @property {string} kind
 * @property {(signature: Uint8Array, bytes: Uint8Array) => Promise<boolean>}
 *     verifies
 */

/**
 * @param {string} pem one or more PUBLIC KEY blocks
 * @param {SubtleCrypto|undefined} subtle
 * @returns {Promise<PublicKey[]>}
 * @throws {Error} that says what is wrong, in words for the reader
 */
export async function importPublicKeys(pem, subtle) {
  if (pem.length > MAX_PEM_BYTES) {
    throw new Error(`The keys are longer than ${MAX_PEM_BYTES} characters.`);
  }
  if (subtle === undefined) {
    throw new Error('This browser gives cryptography only to pages from ' +
        'https:// or localhost.');
  }
  const blocks = [...pem.matchAll(PEM)];
  if (blocks.length === 0) {
    throw new Error('No key was found. A public key is a text that begins ' +
        'with -----BEGIN PUBLIC KEY-----.');
  }
  return Promise.all(blocks.map(([, label, body]) =>
    importKey(label, body, subtle)));
}

async function importKey(label, body, subtle) {
  if (label !== 'PUBLIC KEY') {
    throw new Error(label.includes('PRIVATE') ?
      'That is a private key. Keep it to yourself: only the public key is ' +
      'needed here.' : `A ${label} is no public key.`);
  }
  const der = decodeBase64(body.replace(/\s/g, ''));
  if (der === null) throw new Error('The key is not base64.');
  const kind = KINDS.find(({start, bytes}) => der.length === bytes &&
      equalBytes(der.subarray(0, start.length), start));
  if (kind === undefined) {
    throw new Error('The key is of a kind that claims do not use. They use ' +
        'Ed25519 or ECDSA on P-256.');
  }
  const id = toHex(new Uint8Array(await subtle.digest('SHA-256', der)));
  return {id, kind: kind.name, verifies: await verifierOf(kind, der, subtle)};
}

async function verifierOf(kind, der, subtle) {
  let key;
  try {
    key = await subtle.importKey('spki', der, kind.algorithm, false, ['verify']);
  } catch {
    throw new Error(`This browser cannot use this ${
      kind.name} key: it knows no such keys, or the key is no point of the ` +
      'curve.');
  }
  return async (signature, bytes) => {
    const raw = kind.name === 'Ed25519' ? signature : rawSignature(signature);
    return raw !== null && subtle.verify(kind.verify, key, raw, bytes);
  };
}

/**
 * ASN.1 DER, SEQUENCE of two INTEGERs, to what WebCrypto takes: both as 32 bytes.
 *
 * @param {Uint8Array} der
 * @returns {Uint8Array|null} null for anything else
 */
export function rawSignature(der) {
  if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const r = readInteger(der, 2);
  const s = r === null ? null : readInteger(der, r.end);
  if (r === null || s === null || s.end !== der.length) return null;
  return concatBytes([r.bytes, s.bytes]);
}

function readInteger(der, at) {
  const length = der[at + 1];
  const end = at + 2 + length;
  if (der[at] !== 0x02 || !(length >= 1) || end > der.length) return null;
  let value = der.subarray(at + 2, end);
  if (value[0] >= 0x80) return null;
  if (value[0] === 0 && value.length > 1) {
    if (value[1] < 0x80) return null;
    value = value.subarray(1);
  }
  if (value.length > 32) return null;
  const bytes = new Uint8Array(32);
  bytes.set(value, 32 - value.length);
  return {bytes, end};
}
