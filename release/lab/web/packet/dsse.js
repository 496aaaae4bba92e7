// DSSE envelopes, plain or in a Sigstore bundle, and what is signed in them.
// Specification: docs/formats/claims.md, "Envelopes" and "Bundles".

import {concatBytes, decodeBase64, encodeUtf8} from './bytes.js';
import {parseJson} from './json.js';

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const MAX_ENVELOPE_BYTES = 24 * 2 ** 20;
const MAX_PAYLOAD_BYTES = 16 * 2 ** 20;
const MAX_SIGNATURES = 32;
const MAX_SIGNATURE_BYTES = 1024;
const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/**
 * @typedef {object} Envelope
 * @property {string} payloadType
 * @property {Uint8Array} payload
 * @property {{keyId: string, signature: Uint8Array}[]} signatures
 */

const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fail(what, why) {
  throw new SyntaxError(`Invalid ${what}: ${why}`);
}

function text(object, key, what) {
  if (typeof object[key] !== 'string') fail(what, `"${key}" is not a string`);
  return object[key];
}

function base64(object, key, limit, what) {
  const bytes = decodeBase64(text(object, key, what));
  if (bytes === null) fail(what, `"${key}" is not base64`);
  if (bytes.length > limit) {
    fail(what, `"${key}" has ${bytes.length} bytes (at most ${limit})`);
  }
  return bytes;
}

/**
 * What is signed: "DSSEv1", type and payload, each with its length.
 *
 * @param {string} payloadType
 * @param {Uint8Array} payload
 * @returns {Uint8Array}
 */
export function preAuthEncoding(payloadType, payload) {
  const type = encodeUtf8(payloadType);
  return concatBytes([
    encodeUtf8(`DSSEv1 ${type.length} `), type,
    encodeUtf8(` ${payload.length} `), payload,
  ]);
}

/**
 * Members that DSSE does not know are ignored.
 *
 * @param {any} json
 * @param {string} what names the envelope in errors
 * @returns {Envelope}
 * @throws {SyntaxError}
 */
export function readEnvelope(json, what) {
  if (!isObject(json)) fail(what, 'not an object');
  const {signatures} = json;
  if (!Array.isArray(signatures) || signatures.length === 0) {
    fail(what, 'it has no signatures');
  }
  if (signatures.length > MAX_SIGNATURES) {
    fail(what, `${signatures.length} signatures (at most ${MAX_SIGNATURES})`);
  }
  return {
    payloadType: text(json, 'payloadType', what),
    payload: base64(json, 'payload', MAX_PAYLOAD_BYTES, what),
    signatures: signatures.map((each, i) => readSignature(
        each, `${what}, signature ${i}`)),
  };
}

function readSignature(json, what) {
  if (!isObject(json)) fail(what, 'not an object');
  const keyId = json.keyid === undefined ? '' : text(json, 'keyid', what);
  return {keyId, signature: base64(json, 'sig', MAX_SIGNATURE_BYTES, what)};
}

/** The envelope of a bundle that was signed by a plain key. */
function readBundle(json, what) {
  for (const key of Object.keys(json)) {
    if (!['dsseEnvelope', 'mediaType', 'verificationMaterial'].includes(key)) {
      fail(what, `unknown key "${key.slice(0, 80)}"`);
    }
  }
  if (json.mediaType !== BUNDLE_TYPE) {
    fail(what, `mediaType is "${
      String(json.mediaType).slice(0, 120)}" (expected "${BUNDLE_TYPE}")`);
  }
  const material = json.verificationMaterial;
  const hint = isObject(material) && isObject(material.publicKey) ?
      material.publicKey.hint : undefined;
  if (typeof hint !== 'string') {
    fail(what, 'it is not signed by a plain key, with "publicKey.hint"');
  }
  const envelope = readEnvelope(json.dsseEnvelope, what);
  if (envelope.signatures.length !== 1) {
    fail(what, `${envelope.signatures.length} signatures (expected 1)`);
  }
  const [{keyId, signature}] = envelope.signatures;
  return {...envelope, signatures: [{keyId: keyId || hint, signature}]};
}

/**
 * The envelopes of a file: `claims.intoto.jsonl`, one a line, or a bundle.
 *
 * @param {string} name
 * @param {string} contents
 * @returns {Envelope[]}
 * @throws {SyntaxError}
 */
export function readClaimsFile(name, contents) {
  const lines = contents.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) fail(name, 'it is empty');
  if (lines.length > 64) fail(name, `${lines.length} lines (at most 64)`);
  return lines.map((line, i) => {
    const what = lines.length === 1 ? name : `${name}, line ${i + 1}`;
    const json = parseJson(line, what);
    const isBundle = isObject(json) && json.dsseEnvelope !== undefined;
    return isBundle ? readBundle(json, what) : readEnvelope(json, what);
  });
}
