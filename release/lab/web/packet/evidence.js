// Evidence that is made again here, and how it compares with what is recorded.
// Specification: docs/formats/evaluation.md, "Request" and "Sidecar".

import {decodeUtf8} from './bytes.js';
import {canonicalJson, jsonDifferences, parseJson} from './json.js';

/**
 * @typedef {object} Rederivation evidence of a packet, and whether it can be made
 *     again from what the packet holds
 * @property {'sidecar'|'baseline'} kind
 * @property {string} filePath of the recorded sidecar
 * @property {string} digest recorded
 * @property {string} suite name
 * @property {number} caseCount
 * @property {string[]} adapters file names of those to apply, in order
 * @property {string} obstacle why it cannot be made again here; or ''
 */

/**
 * @param {import('./contents.js').Contents} contents
 * @returns {Rederivation[]} the release's own evidence first
 */
export function rederivations(contents) {
  const own = contents.sidecars.map(
      (document) => rederivation('sidecar', document, contents));
  const baselines = contents.baselines.map(
      (document) => rederivation('baseline', document, contents));
  return [...own, ...baselines];
}

function rederivation(kind, document, contents) {
  const {json} = document;
  const adapters = json.adapter_digests.map((digest) => contents.layers.find(
      (layer) => layer.digest === digest &&
          layer.file_path.startsWith('adapters/'))?.file_path);
  return {
    kind, filePath: document.filePath, digest: document.digest,
    suite: json.suite.name,
    caseCount: document.caseCount ?? json.cases.length,
    adapters: adapters.filter((path) => path !== undefined),
    obstacle: obstacleOf(json, adapters, contents),
  };
}

function obstacleOf(sidecar, adapters, contents) {
  if (sidecar.model_digest !== contents.record.json.model_digest) {
    return 'It was made on a model that is not in this packet.';
  }
  if (adapters.includes(undefined)) {
    return 'It was made with an adapter that is not in this packet.';
  }
  if (sidecar.parent_receipt_digests.length > 0) {
    return 'Its adapter was made for a sibling of the model. The module reads ' +
        'no receipts, so it cannot accept that adapter.';
  }
  return '';
}

/**
 * The request that makes `sidecar` again.
 *
 * @param {any} sidecar the recorded one, parsed
 * @param {string} suiteText the suite's document
 * @returns {string}
 */
export function evalRequest(sidecar, suiteText) {
  const {manifest_digest, run, source_kind} = sidecar;
  return `{"manifest_digest":${canonicalJson(manifest_digest)},` +
      `"run":${canonicalJson(requestRun(run))},` +
      `"source_kind":${canonicalJson(source_kind)},"suite":${suiteText}}`;
}

// A sidecar has 64-bit integers as strings, a request as numbers.
const requestRun = (run) =>
  ({...run, max_forward_passes: Number(run.max_forward_passes)});

/**
 * @typedef {object} CaseDifference
 * @property {string} id
 * @property {any} recorded undefined when the case is not there
 * @property {any} rederived
 * @property {string[]} fields that differ
 */

/**
 * @typedef {object} Comparison
 * @property {boolean} same byte for byte
 * @property {string} recordedDigest
 * @property {string} rederivedDigest
 * @property {number} differingCases
 * @property {CaseDifference[]} cases the first of them
 * @property {{place: string, a: any, b: any}[]} fields outside the cases
 */

const MAX_SHOWN = 100;

/**
 * @param {Uint8Array} recorded bytes of the recorded sidecar
 * @param {Uint8Array} rederived bytes that were made here
 * @param {(bytes: Uint8Array) => string} sha256 64 hex digits
 * @returns {Comparison}
 */
export function compareSidecars(recorded, rederived, sha256) {
  const recordedDigest = `sha256:${sha256(recorded)}`;
  const rederivedDigest = `sha256:${sha256(rederived)}`;
  if (recordedDigest === rederivedDigest) {
    return {
      same: true, recordedDigest, rederivedDigest, differingCases: 0, cases: [],
      fields: [],
    };
  }
  const {cases: casesA, ...restA} = parseJson(decodeUtf8(recorded), 'sidecar');
  const {cases: casesB, ...restB} = parseJson(decodeUtf8(rederived), 'sidecar');
  const cases = differingCases(casesA, casesB);
  return {
    same: false, recordedDigest, rederivedDigest, differingCases: cases.length,
    cases: cases.slice(0, MAX_SHOWN),
    fields: jsonDifferences(restA, restB, MAX_SHOWN),
  };
}

/**
 * @param {any[]} a
 * @param {any[]} b
 * @returns {CaseDifference[]} in order of id
 */
export function differingCases(a, b) {
  const byId = (cases) => new Map(cases.map((each) => [each.id, each]));
  const [recorded, rederived] = [byId(a), byId(b)];
  const ids = [...new Set([...recorded.keys(), ...rederived.keys()])].sort();
  const differences = [];
  for (const id of ids) {
    const [x, y] = [recorded.get(id), rederived.get(id)];
    const found = jsonDifferences(x ?? {}, y ?? {}, MAX_SHOWN);
    if (found.length === 0) continue;
    const fields = [...new Set(found.map(({place}) => place.split(/[.[]/)[0]))];
    differences.push({id, recorded: x, rederived: y, fields});
  }
  return differences;
}
