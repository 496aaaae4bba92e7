// Envelopes, keys and signatures: the worked example of docs/formats/claims.md, the
// vectors of DSSE and of RFC 8032, and what must be refused.
//
//   claims_test.mjs claims.md

import assert from 'node:assert/strict';
import fs from 'node:fs';

import {decodeUtf8, encodeUtf8} from '../web/packet/bytes.js';
import {checkClaims} from '../web/packet/claims.js';
import {preAuthEncoding, readClaimsFile} from '../web/packet/dsse.js';
import {importPublicKeys, rawSignature} from '../web/packet/keys.js';
import {derSignature, signTrial} from '../web/packet/trial_claims.js';
import {run, subtle} from './tools.mjs';

const [specification] = process.argv.slice(2);

/** The JSON blocks of the worked example: statement, envelope, bundle. */
const [, envelopeText, bundleText] = fs.readFileSync(specification, 'utf8')
    .split('## Worked example')[1].split('```').filter((_, i) => i % 2 === 1)
    .map((block) => block.replace(/^json\n/, '').trim());

// RFC 8032, section 7.1, test 1.
const RFC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----`;
const RFC_KEY_ID = '06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9';
const P256_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END PUBLIC KEY-----`;

const agrees = async () => ({kind: 'test-result', fault: ''});
const statesOf = async (envelopes, keys, check = agrees) =>
  (await checkClaims(envelopes, keys, ['eval', 'test-result'], check))
      .map(({kind, state}) => `${kind} ${state}`);

const changed = (text, change) => {
  const json = JSON.parse(text);
  change(json);
  return JSON.stringify(json);
};

await run({
  'the pre-authentication encoding is that of the DSSE specification'() {
    const encoded = preAuthEncoding(
        'http://example.com/HelloWorld', encodeUtf8('hello world'));
    assert.equal(decodeUtf8(encoded),
        'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  },

  async 'the worked example is signed by the key of RFC 8032'() {
    const keys = await importPublicKeys(RFC_KEY, subtle);
    assert.equal(keys[0].id, RFC_KEY_ID);
    for (const text of [envelopeText, bundleText]) {
      const envelopes = readClaimsFile('claims', text);
      assert.deepEqual(await statesOf(envelopes, keys),
          ['eval missing', 'test-result good']);
    }
  },

  async 'a claim counts for a key that verifies it and for no other'() {
    const envelopes = readClaimsFile('claims', envelopeText);
    const other = await importPublicKeys(P256_KEY, subtle);
    assert.deepEqual(await statesOf(envelopes, other),
        ['eval missing', 'test-result untrusted']);
    assert.deepEqual(await statesOf(envelopes, []),
        ['eval missing', 'test-result unsigned']);
  },

  async 'a key id decides nothing'() {
    const envelopes = readClaimsFile('claims', changed(envelopeText,
        (json) => json.signatures[0].keyid = 'somebody else'));
    const keys = await importPublicKeys(RFC_KEY, subtle);
    assert.deepEqual(await statesOf(envelopes, keys),
        ['eval missing', 'test-result good']);
  },

  async 'a changed payload, type or signature counts for nobody'() {
    const keys = await importPublicKeys(RFC_KEY, subtle);
    const changes = [
      (json) => json.payload = btoa(atob(json.payload).replace('PASSED', 'PASSED ')),
      (json) => json.signatures[0].sig = btoa('x'.repeat(64)),
    ];
    for (const change of changes) {
      const envelopes = readClaimsFile('claims', changed(envelopeText, change));
      assert.deepEqual(await statesOf(envelopes, keys),
          ['eval missing', 'test-result untrusted']);
    }
    const otherType = readClaimsFile('claims', changed(envelopeText,
        (json) => json.payloadType = 'text/plain'));
    const [, , found] = await checkClaims(otherType, keys, ['eval', 'test-result'], agrees);
    assert.equal(found.state, 'bad');
  },

  async 'a claim that says something else is bad, whoever signed it'() {
    const keys = await importPublicKeys(RFC_KEY, subtle);
    const envelopes = readClaimsFile('claims', envelopeText);
    const differs = async () => ({kind: 'test-result', fault: 'Altered claim'});
    assert.deepEqual(await statesOf(envelopes, keys, differs),
        ['eval missing', 'test-result bad']);
  },

  async 'a claim that nobody expects is told apart'() {
    const other = async () => ({kind: 'vsa', fault: ''});
    const states = await checkClaims(
        readClaimsFile('claims', envelopeText), [], ['eval'], other);
    assert.deepEqual(states.map(({kind, expected}) => `${kind} ${expected}`),
        ['eval true', 'vsa false']);
    assert.match(states[1].fault, /expects no claim/);
  },

  'files that are no claims are refused'() {
    const refused = [
      ['', /it is empty/],
      ['{}', /it has no signatures/],
      ['[]', /not an object/],
      [changed(envelopeText, (json) => json.signatures = Array(33).fill(json.signatures[0])),
        /33 signatures \(at most 32\)/],
      [changed(envelopeText, (json) => json.payload = '*'), /"payload" is not base64/],
      [changed(envelopeText, (json) => json.signatures[0].sig = btoa('x'.repeat(1025))),
        /"sig" has 1025 bytes \(at most 1024\)/],
      [changed(bundleText, (json) => json.mediaType = 'x'), /mediaType is "x"/],
      [changed(bundleText, (json) => json.extra = 1), /unknown key "extra"/],
      [changed(bundleText, (json) => json.verificationMaterial = {certificate: {}}),
        /not signed by a plain key/],
      [`{"payload":"","payload":""}`, /repeated key/],
      ['{}\n'.repeat(65), /65 lines/],
    ];
    for (const [text, pattern] of refused) {
      assert.throws(() => readClaimsFile('claims', text), pattern);
    }
  },

  async 'keys of other kinds are refused, and private ones by name'() {
    const pem = (label, body) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`;
    const refused = [
      ['hello', /No key was found/],
      [pem('PRIVATE KEY', 'AAAA'), /private key/],
      [pem('CERTIFICATE', 'AAAA'), /CERTIFICATE is no public key/],
      [pem('PUBLIC KEY', '***'), /not base64/],
      [pem('PUBLIC KEY', btoa('x'.repeat(44))), /of a kind that claims do not use/],
      [P256_KEY.replace('YP7U', 'YP7V'), /no point of the curve/],
      ['x'.repeat(20000), /longer than/],
    ];
    for (const [text, pattern] of refused) {
      await assert.rejects(importPublicKeys(text, subtle), pattern, text.slice(0, 60));
    }
    await assert.rejects(importPublicKeys(RFC_KEY, undefined), /https/);
  },

  'only one form of an ECDSA signature is read'() {
    const raw = Uint8Array.from({length: 64}, (_, i) => (i === 0 ? 0x80 : i));
    const der = derSignature(raw);
    assert.deepEqual(rawSignature(der), raw);
    for (const at of [0, 1, 2, 3]) {
      const broken = der.slice();
      broken[at] ^= 1;
      assert.equal(rawSignature(broken), null, `byte ${at}`);
    }
    assert.equal(rawSignature(der.subarray(0, 20)), null);
    assert.equal(rawSignature(new Uint8Array(0)), null);
  },

  async 'a trial signs every statement by a key of its own'() {
    const {key, envelopes} = await signTrial({eval: '{}', oms: '{}'}, subtle);
    assert.equal(envelopes.length, 2);
    let kinds = ['eval', 'oms'];
    const check = async () => ({kind: kinds.shift(), fault: ''});
    const states = await checkClaims(envelopes, [key], ['eval', 'oms'], check);
    assert.deepEqual(states.map(({state}) => state), ['good', 'good']);
  },
});
