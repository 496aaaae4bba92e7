// What the lab reads without a module: JSON, tar headers, layouts, differences,
// lineage. No document object is needed.

import assert from 'node:assert/strict';

import {decodeBase64, encodeUtf8, printable} from '../web/packet/bytes.js';
import {changes} from '../web/packet/difference.js';
import {compareSidecars, differingCases, evalRequest} from '../web/packet/evidence.js';
import {canonicalJson, jsonDifferences, parseJson} from '../web/packet/json.js';
import {findRoot, listLayout} from '../web/packet/layout.js';
import {layOut, readStates} from '../web/packet/lineage.js';
import {parseHeader, writeHeader} from '../web/packet/tar.js';
import {failureOf, packetFailure} from '../web/text/failures.js';
import {run} from './tools.mjs';

const HEX = 'ab'.repeat(32);

const refuses = (text, pattern) =>
  assert.throws(() => parseJson(text, 'text'), pattern, text);

const file = (path) => ({path, blob: new Blob(['x'])});

const GOOD_LAYOUT = ['oci-layout', 'index.json', `blobs/sha256/${HEX}`];

const node = (id, parents) => ({id, parents, assembly: `sha256:${id}`});

await run({
  'JSON is read and written canonically'() {
    const value = parseJson(' {"b": [1, -2, 3.5e1, true, null], "a": "\\u00e9\\n"} ', 'x');
    assert.equal(canonicalJson(value), '{"a":"é\\n","b":[1,-2,35,true,null]}');
  },

  'JSON refuses a repeated key'() {
    refuses('{"a":1,"a":2}', /repeated key "a"/);
  },

  'JSON refuses what is nested too deeply'() {
    parseJson('['.repeat(64) + ']'.repeat(64), 'text');
    refuses('['.repeat(65) + ']'.repeat(65), /nested deeper than 64/);
    refuses('['.repeat(100000), /nested deeper than 64/);
  },

  'JSON refuses anything that is no JSON, with the place'() {
    for (const text of ['', '{', '[1,]', '01', '"\t"', '{"a":1}x', 'nul', '"\\x41"', '[1 2]']) {
      refuses(text, /Invalid text: not JSON at character \d+/);
    }
  },

  'JSON keeps a key that objects have by nature'() {
    const value = parseJson('{"__proto__":{"x":1},"toString":2}', 'x');
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.keys(value), ['__proto__', 'toString']);
  },

  'differences of JSON name each place and both values'() {
    assert.deepEqual(
        jsonDifferences({a: [1, {b: 2}], c: 'x'}, {a: [1, {b: 3}, 4], d: 'y'}), [
          {place: 'a[1].b', a: 2, b: 3}, {place: 'a[2]', a: undefined, b: 4},
          {place: 'c', a: 'x', b: undefined}, {place: 'd', a: undefined, b: 'y'},
        ]);
  },

  'base64 has one text for its bytes'() {
    assert.deepEqual([...decodeBase64('-_8=')], [251, 255]);
    for (const text of ['A', 'AA==x', 'AB==', '====', 'A A=']) {
      assert.equal(decodeBase64(text), null, text);
    }
  },

  'texts from outside are shown as printable ASCII'() {
    assert.equal(printable('a\u202e\nb<'), 'a??b<');
    assert.equal(printable('x'.repeat(1000), 10), 'xxxxxxxxxx');
  },

  'tar headers are read back as they are written'() {
    for (const size of [0, 1, 8 ** 11 - 1, 8 ** 11, 2 ** 40]) {
      assert.deepEqual(parseHeader(writeHeader('blobs/x', size)), {name: 'blobs/x', size});
    }
  },

  'tar headers are refused in any other form, naming the field'() {
    const changed = (at, byte) => {
      const blocks = writeHeader('index.json', 7);
      blocks[at] = byte;
      return () => parseHeader(blocks);
    };
    assert.throws(changed(100, 0x31), /its mode is not what pack writes/);
    assert.throws(changed(108, 0x31), /its owner is not what pack writes/);
    assert.throws(changed(124, 0x39), /its size is not what pack writes/);
    assert.throws(changed(156, 0x32), /its type|its checksum/);
    assert.throws(changed(500, 1), /not what pack writes/);
    assert.throws(() => parseHeader(new Uint8Array(512)), /its size/);
  },

  'a layout is found below the folder around it'() {
    assert.equal(findRoot([file('release/packet/index.json'), file('release/x')]),
        'release/packet/');
    assert.equal(findRoot([file('index.json'), file('deep/index.json')]), '');
    assert.equal(findRoot([file('a.txt')]), null);
  },

  'a layout of a packet has no faults'() {
    const {faults, parts, blobs} = listLayout(GOOD_LAYOUT.map(file));
    assert.deepEqual(faults, []);
    assert.deepEqual([...parts.keys()], ['oci-layout', 'index.json']);
    assert.deepEqual([...blobs.keys()], [HEX]);
  },

  'a layout refuses what no packet has'() {
    const {faults} = listLayout([...GOOD_LAYOUT, 'blobs/sha256/ABC', 'README',
      'blobs/sha512/x', '__proto__'].map(file));
    assert.deepEqual(faults, [
      'Invalid layout: README is a file that no packet has',
      'Invalid layout: __proto__ is a file that no packet has',
      'Invalid layout: blobs/sha512 is a folder that no packet has',
      'Invalid layout: blobs/sha256/ABC is a file that no packet has',
    ]);
  },

  'a layout refuses more files than any packet has'() {
    const many = Array.from({length: 100_001}, (_, i) => ({path: `f${i}`}));
    assert.throws(() => listLayout(many), /100001 files/);
  },

  'a request for evidence has the numbers that the runtime reads'() {
    const run = {fail_fast: false, filter_tags: [], max_forward_passes: '12', omit_texts: true};
    const request = evalRequest(
        {manifest_digest: 'sha256:m', source_kind: 'deterministic-smoke', run}, '{"s":1}');
    assert.equal(request, '{"manifest_digest":"sha256:m","run":{"fail_fast":false,' +
        '"filter_tags":[],"max_forward_passes":12,"omit_texts":true},' +
        '"source_kind":"deterministic-smoke","suite":{"s":1}}');
  },

  'sidecars that differ are told apart case by case'() {
    const sidecar = (answer, rate) => encodeUtf8(JSON.stringify(
        {cases: [{id: 'a', actual: answer, passed: true}, {id: 'b'}], pass_rate: rate}));
    const fake = (bytes) => `${bytes.length}${bytes[bytes.length - 3]}`;
    const {same, cases, differingCases: count, fields} =
        compareSidecars(sidecar('x', '1'), sidecar('yy', '0.5'), fake);
    assert.equal(same, false);
    assert.equal(count, 1);
    assert.deepEqual(cases.map(({id, fields: names}) => [id, names]), [['a', ['actual']]]);
    assert.deepEqual(fields, [{place: 'pass_rate', a: '1', b: '0.5'}]);
  },

  'a case that one side lacks differs'() {
    assert.deepEqual(differingCases([{id: 'a'}], []).map(({id}) => id), ['a']);
  },

  'changes say what was added, removed and changed'() {
    const map = (object) => new Map(Object.entries(object));
    assert.deepEqual(
        changes(map({a: '1', b: '2', c: '3'}), map({b: '2', c: '4', d: '5'}))
            .map(({name, kind}) => `${name} ${kind}`),
        ['a removed', 'c changed', 'd added']);
  },

  'a lineage has its ancestors above'() {
    const {placed, edges} = layOut(
        [node('a', []), node('b', []), node('c', ['a', 'b']), node('d', ['c', 'a'])],
        {width: 10, height: 10, gapX: 2, gapY: 5});
    const y = Object.fromEntries(placed.map(({node: {id}, y: at}) => [id, at]));
    assert.ok(y.a === y.b && y.b < y.c && y.c < y.d);
    assert.equal(edges.length, 4);
  },

  'states are read from what the lineage command writes'() {
    const states = readStates('{"schema_version":"pedigree.lineage.v1","nodes":[' +
        '{"id":"sha256:a","state":"champion","releases":[{"packet":"sha256:p","state":"shadow"}]}]}');
    assert.deepEqual([...states], [['sha256:p', 'shadow'], ['sha256:a', 'champion']]);
    assert.throws(() => readStates('{"nodes":[]}'), /pedigree.lineage.v1/);
    assert.throws(() => readStates('[]'), /Invalid lineage/);
  },

  'every failure says what to do next'() {
    const faults = [
      ['wrong-digest', 'Corrupted model.slm: digest is a (expected b)'],
      ['missing-blob', 'Missing blob sha256:a: model.slm'],
      ['drifted-suite', 'Invalid sidecar 0: suite.digest is "a" (expected "b")'],
      ['no-packet', 'Invalid layout: index.json is missing'],
      ['stray-file', 'Invalid layout: README is a file that no packet has'],
      ['refused', 'Refused by the gate: verdict is FAIL-FLOOR'],
      ['unexpected-packet', 'Not the expected packet: digest is a'],
      ['damaged-archive', 'Invalid packed packet: no zstd frame'],
      ['inconsistent', 'anything else'],
    ];
    for (const [kind, fault] of faults) {
      const failure = packetFailure([fault]);
      assert.equal(failure.kind, kind, fault);
      assert.ok(failure.next.length > 0 && failure.details.length === 1);
    }
    for (const codeName of ['ContextExceeded', 'AdapterIdentityMismatch', 'OutOfMemory',
      'WorkerCrashed', 'Cancelled', 'InvalidModelMagic', 'ResourceLimit', 'NoSuchCode']) {
      const {title, what, next} = failureOf({codeName, message: 'm'});
      assert.ok(title && what && next.length > 0, codeName);
    }
  },
});
