// What lies in a packet that verified: its documents by what they are. Their
// text is canonical and of its schema, since the verifier read it; nothing here
// checks that again.

/** Documents by the start of their file name; one, or a list in their order. */
const KINDS = [
  ['record', 'record.json'],
  ['modelManifest', 'model.manifest.json'],
  ['adapterManifests', 'adapter-manifests/'],
  ['receipts', 'receipts/'],
  ['suites', 'suites/'],
  ['sidecars', 'sidecars/'],
  ['baselines', 'baselines/'],
  ['scorecard', 'scorecard.json'],
  ['decision', 'decision.json'],
  ['policy', 'policy.json'],
  ['diagnostics', 'diagnostics/'],
  ['node', 'node.json'],
  ['ancestors', 'ancestors/'],
  ['releaseNode', 'release-node.json'],
  ['bom', 'bom.cdx.json'],
];

/** Cases of a suite or a sidecar that leave the worker; the count always does. */
export const MAX_SHOWN_CASES = 500;

/**
 * @typedef {object} Document
 * @property {string} filePath
 * @property {string} digest "sha256:" and 64 hex digits
 * @property {number} size bytes
 * @property {any} json
 * @property {number} [caseCount] where `json.cases` was cut
 */

/**
 * @typedef {object} Layer
 * @property {string} digest
 * @property {string} file_path
 * @property {number} size
 */

/**
 * @typedef {object} Contents
 * @property {string} digest the packet's: "sha256:" and 64 hex digits
 * @property {Layer[]} layers in manifest order
 * @property {Document} record
 * @property {Document} modelManifest
 * @property {Document[]} adapterManifests
 * @property {Document[]} receipts
 * @property {Document[]} suites
 * @property {Document[]} sidecars
 * @property {Document[]} baselines
 * @property {Document|null} scorecard
 * @property {Document} decision
 * @property {Document} policy
 * @property {Document[]} diagnostics
 * @property {Document} node
 * @property {Document[]} ancestors
 * @property {Document} releaseNode
 * @property {Document} bom
 */

/** @param {string} filePath @returns {boolean} */
export const isDocument = (filePath) =>
  KINDS.some(([, start]) => matches(filePath, start));

const matches = (filePath, start) =>
  start.endsWith('/') ? filePath.startsWith(start) : filePath === start;

/**
 * @param {import('./read_packet.js').ReadPacket} packet one without faults
 * @returns {Promise<Contents>}
 */
export async function readContents({report, files}) {
  const contents = {digest: report.digest, layers: report.layers};
  for (const [kind, start] of KINDS) {
    const documents = [];
    for (const layer of report.layers) {
      if (!matches(layer.file_path, start)) continue;
      documents.push(await readDocument(layer, files.get(layer.file_path)));
    }
    contents[kind] = start.endsWith('/') ? documents : documents[0] ?? null;
  }
  return /** @type {Contents} */ (contents);
}

async function readDocument({digest, file_path, size}, blob) {
  const json = JSON.parse(await blob.text());
  return {filePath: file_path, digest, size, json};
}

/**
 * The same with no more cases than a page shows.
 *
 * @param {Contents} contents
 * @returns {Contents}
 */
export function forDisplay(contents) {
  const cut = (document) => {
    const {cases} = document.json;
    return {
      ...document, caseCount: cases.length,
      json: {...document.json, cases: cases.slice(0, MAX_SHOWN_CASES)},
    };
  };
  return {
    ...contents,
    suites: contents.suites.map(cut),
    sidecars: contents.sidecars.map(cut),
    baselines: contents.baselines.map(cut),
  };
}

/** @param {Contents} contents @returns {string} */
export const titleOf = (contents) =>
  `${contents.record.json.name} ${contents.record.json.version}`;
