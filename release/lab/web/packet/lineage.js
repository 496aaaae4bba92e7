// Who a release descends from, and where each assembly stands on the page.
// Specification: docs/formats/lineage.md; states are a registry's
// (docs/formats/registry.md), and no packet holds them.

import {parseJson} from './json.js';

/**
 * @typedef {object} LineageNode
 * @property {string} id of the derivation node
 * @property {string} assembly its digest
 * @property {string} title
 * @property {string} line below the title
 * @property {string} label both, in short
 * @property {string} state of a registry; else "released" or "ancestor"
 * @property {boolean} isRelease
 * @property {string[]} parents ids of those in the packet
 * @property {string[]} missingParents ids that no node of the packet has
 * @property {any} json the derivation node
 */

const SCHEMA = 'pedigree.lineage.v1';

const shortHex = (digest) => digest.replace(/^[a-z0-9-]+:/, '').slice(0, 8);

/**
 * @param {import('./contents.js').Contents} contents
 * @param {Map<string, string>} [states] by assembly or packet digest
 * @returns {LineageNode[]} a node's parents come before it
 */
export function lineageNodes(contents, states = new Map()) {
  const all = [contents.node, ...contents.ancestors].map(({json}) => json);
  const ids = new Set(all.map(({id}) => id));
  const nodes = all.map((json) => {
    const isRelease = json.id === contents.node.json.id;
    const state = (isRelease && states.get(contents.digest)) ||
        states.get(json.artifact_digest) ||
        (isRelease ? 'released' : 'ancestor');
    const {name, version} = contents.record.json;
    const title = isRelease ? name :
      `${json.operator} ${shortHex(json.artifact_digest)}`;
    return {
      id: json.id, assembly: json.artifact_digest, isRelease, state, json, title,
      label: isRelease ? `${name} ${version}` : title,
      line: isRelease ? `${version} · ${state}` : state,
      parents: json.parent_ids.filter((id) => ids.has(id)),
      missingParents: json.parent_ids.filter((id) => !ids.has(id)),
    };
  });
  return inOrder(nodes);
}

/** Parents first; ties by assembly digest. A cycle, if any, comes last. */
function inOrder(nodes) {
  const left = [...nodes].sort((a, b) => (a.assembly < b.assembly ? -1 : 1));
  const done = new Set();
  const order = [];
  while (left.length > 0) {
    const next = left.findIndex(
        ({parents}) => parents.every((id) => done.has(id)));
    const [node] = left.splice(Math.max(next, 0), 1);
    done.add(node.id);
    order.push(node);
  }
  return order;
}

/**
 * @typedef {object} Placed
 * @property {LineageNode} node
 * @property {number} x centre
 * @property {number} y centre
 */

/**
 * Layers from ancestors at the top to the release at the bottom: a node stands
 * one below the lowest of its parents.
 *
 * @param {LineageNode[]} nodes
 * @param {{width: number, height: number, gapX: number, gapY: number}} sizes
 * @returns {{placed: Placed[], edges: {from: Placed, to: Placed}[], width: number,
 *     height: number}}
 */
export function layOut(nodes, sizes) {
  const depth = new Map();
  for (const {id, parents} of nodes) {
    const depths = parents.map((parent) => depth.get(parent) ?? 0);
    depth.set(id, depths.length === 0 ? 0 : 1 + Math.max(...depths));
  }
  const layers = [];
  for (const node of nodes) (layers[depth.get(node.id)] ??= []).push(node);
  const widest = Math.max(...layers.map((layer) => layer.length));
  const width = widest * (sizes.width + sizes.gapX) - sizes.gapX;
  const places = new Map();
  layers.forEach((layer, row) => {
    const ordered = orderByParents(layer, places);
    const span = ordered.length * (sizes.width + sizes.gapX) - sizes.gapX;
    ordered.forEach((node, column) => places.set(node.id, {
      node,
      x: (width - span) / 2 + column * (sizes.width + sizes.gapX) +
          sizes.width / 2,
      y: row * (sizes.height + sizes.gapY) + sizes.height / 2,
    }));
  });
  const placed = nodes.map(({id}) => places.get(id));
  const edges = placed.flatMap((to) => to.node.parents.map(
      (id) => ({from: places.get(id), to})));
  const height = layers.length * (sizes.height + sizes.gapY) - sizes.gapY;
  return {placed, edges, width, height};
}

/** By the middle of their parents, so that few edges cross. */
function orderByParents(layer, places) {
  const middle = ({parents}) => {
    const xs = parents.map((id) => places.get(id)?.x ?? 0);
    return xs.length === 0 ? 0 : xs.reduce((a, b) => a + b, 0) / xs.length;
  };
  return [...layer].sort((a, b) => middle(a) - middle(b));
}

/**
 * The states in what `pedigree lineage --registry=DIR --format=json` writes.
 *
 * @param {string} text
 * @returns {Map<string, string>} by packet and assembly digest
 * @throws {SyntaxError} for anything else
 */
export function readStates(text) {
  const json = parseJson(text, 'lineage');
  const list = json?.nodes;
  if (json?.schema_version !== SCHEMA || !Array.isArray(list)) {
    throw new SyntaxError(`Invalid lineage: it is no ${SCHEMA}`);
  }
  const states = new Map();
  for (const node of list) {
    const releases = Array.isArray(node?.releases) ? node.releases : [];
    for (const {packet, state} of releases) {
      if (typeof packet === 'string' && typeof state === 'string' && state) {
        states.set(packet, state);
      }
    }
    if (typeof node?.id === 'string' && typeof node?.state === 'string') {
      states.set(node.id, node.state);
    }
  }
  return states;
}
