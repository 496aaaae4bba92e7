// What changed between two packets: record, blobs, tensors, evidence.

import {differingCases} from './evidence.js';
import {jsonDifferences} from './json.js';

/**
 * @typedef {object} Change a name that is in one of two packets, or in both with
 *     other contents
 * @property {string} name
 * @property {'added'|'removed'|'changed'} kind
 * @property {string} a shown in the first packet's column; or ''
 * @property {string} b
 */

/**
 * @typedef {object} SuiteDifference
 * @property {string} suite
 * @property {string} a pass rate in the first packet; or ''
 * @property {string} b
 * @property {import('./evidence.js').CaseDifference[]} cases that differ
 * @property {string[]} gained ids of cases that only the second passes
 * @property {string[]} lost ids of cases that only the first passes
 */

/**
 * @typedef {object} PacketDifference
 * @property {boolean} same the same packet
 * @property {{place: string, a: any, b: any}[]} record
 * @property {Change[]} blobs
 * @property {Change[]} tensors
 * @property {SuiteDifference[]} suites
 */

const MAX_SHOWN = 400;

/**
 * @param {import('./contents.js').Contents} a
 * @param {import('./contents.js').Contents} b
 * @returns {PacketDifference}
 */
export function packetDifference(a, b) {
  return {
    same: a.digest === b.digest,
    record: jsonDifferences(a.record.json, b.record.json, MAX_SHOWN),
    blobs: changes(layerDigests(a), layerDigests(b)),
    tensors: changes(tensorFacts(a), tensorFacts(b)),
    suites: suiteDifferences(a.sidecars, b.sidecars),
  };
}

/**
 * @param {Map<string, string>} a
 * @param {Map<string, string>} b
 * @returns {Change[]} by name
 */
export function changes(a, b) {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  return names.filter((name) => a.get(name) !== b.get(name)).map((name) => ({
    name, a: a.get(name) ?? '', b: b.get(name) ?? '',
    kind: !a.has(name) ? 'added' : b.has(name) ? 'changed' : 'removed',
  }));
}

const layerDigests = ({layers}) =>
  new Map(layers.map(({file_path, digest}) => [file_path, digest]));

/** Each tensor by its shape, type and the digest of its values. */
const tensorFacts = ({modelManifest}) =>
  new Map(modelManifest.json.tensors.map(
      ({name, dtype, dims, digest}) =>
        [name, `${dtype} ${dims.join('×')} ${digest}`]));

function suiteDifferences(a, b) {
  const bySuite = (documents) =>
    new Map(documents.map(({json}) => [json.suite.name, json]));
  const [first, second] = [bySuite(a), bySuite(b)];
  const names = [...new Set([...first.keys(), ...second.keys()])].sort();
  return names.map(
      (suite) => suiteDifference(suite, first.get(suite), second.get(suite)));
}

function suiteDifference(suite, a, b) {
  const cases = differingCases(a?.cases ?? [], b?.cases ?? []);
  const passes = ({recorded, rederived}) =>
    [recorded?.passed === true, rederived?.passed === true];
  const ids = (wanted) => cases.filter((each) => {
    const [inA, inB] = passes(each);
    return inA !== inB && inB === wanted;
  }).map(({id}) => id);
  return {
    suite, a: a?.pass_rate ?? '', b: b?.pass_rate ?? '',
    cases: cases.slice(0, MAX_SHOWN), gained: ids(true), lost: ids(false),
  };
}
