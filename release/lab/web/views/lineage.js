// Who the release descends from, as a graph and as records.

import {h, replace, s} from '../dom.js';
import {failureOf} from '../text/failures.js';
import {layOut, lineageNodes, readStates} from '../packet/lineage.js';
import {shortDigest} from '../text/format.js';
import {
  badge, card, details, digest, facts, failurePanel, field, jsonText, seal, term,
} from './parts.js';

const SIZES = {width: 292, height: 84, gapX: 28, gapY: 60};
const MARGIN = 12;
const MAX_STATES_BYTES = 16 * 2 ** 20;

const TONES = {
  champion: 'good', specialist: 'good', canary: 'good', released: 'good',
  candidate: 'warn', shadow: 'warn', draft: 'warn', rejected: 'bad',
  revoked: 'bad',
};
const toneOf = (state) => TONES[state] ?? 'quiet';

/** @param {import('../session.js').Session} session */
export function lineageView(session) {
  const body = h('div', {class: 'stack'});
  session.store.watch(['packet', 'states'], ({packet, states}) => {
    replace(body, packet === null ? null : lineageBody(session, packet, states));
  });
  return body;
}

function lineageBody(session, {contents}, states) {
  const nodes = lineageNodes(contents, states ?? new Map());
  const panel = h('div', {class: 'node-panel', 'aria-live': 'polite'});
  const select = (node) => {
    graph.mark(node.id);
    replace(panel, nodePanel(node, contents));
  };
  const graph = drawGraph(nodes, select);
  select(nodes.find(({isRelease}) => isRelease));
  return [
    h('div', {class: 'columns columns-graph'},
        card('Who descends from whom', graph.element,
            h('p', {class: 'hint'},
                'Ancestors stand above. Choose one, or move with the arrow keys.')),
        panel),
    statesCard(session),
  ];
}

function statesCard(session) {
  const answer = h('div');
  const input = h('input', {
    type: 'file', accept: '.json,application/json', on: {change: async () => {
      const [file] = input.files;
      if (file === undefined) return;
      try {
        if (file.size > MAX_STATES_BYTES) throw new Error('It is too long.');
        session.store.set({states: readStates(await file.text())});
      } catch (error) {
        replace(answer, failurePanel({
          ...failureOf(error), title: 'This file shows no lineage',
          next: ['Pick what “pedigree lineage --registry=DIR --format=json” wrote.'],
        }));
      }
    }},
  });
  return card('States of a registry',
      h('p', null, 'Whether a release is a candidate, a champion or revoked is ' +
        'a registry’s to say, not the packet’s. Show what yours says:'),
      field('Lineage file', input,
          'Written by “pedigree lineage --registry=DIR --format=json”. It is not ' +
          'signed, so believe it as far as you believe where it comes from.'),
      answer);
}

function drawGraph(nodes, select) {
  const {placed, edges, width, height} = layOut(nodes, SIZES);
  const groups = new Map();
  const svg = s('svg', {
    class: 'lineage-graph', role: 'group',
    'aria-label': `Lineage of ${nodes.length} assemblies`,
    viewBox: `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}`,
    width: width + 2 * MARGIN, height: height + 2 * MARGIN,
  }, edges.map(edgePath));
  for (const place of placed) {
    const group = nodeGroup(place, () => select(place.node));
    groups.set(place.node.id, group);
    svg.append(group);
  }
  svg.addEventListener('keydown', (event) => moveFocus(event, placed, groups));
  return {
    element: h('div', {class: 'graph-frame'}, svg),
    mark(id) {
      for (const [each, group] of groups) {
        group.setAttribute('aria-pressed', String(each === id));
      }
    },
  };
}

function edgePath({from, to}) {
  const y1 = from.y + SIZES.height / 2;
  const y2 = to.y - SIZES.height / 2;
  const bend = (y2 - y1) / 2;
  return s('path', {
    class: 'edge',
    d: `M${from.x} ${y1}C${from.x} ${y1 + bend} ${to.x} ${y2 - bend} ${to.x} ${y2}`,
  });
}

const shorten = (text, limit) =>
  (text.length <= limit ? text : `${text.slice(0, limit - 1)}…`);

function nodeGroup({node, x, y}, choose) {
  const left = x - SIZES.width / 2;
  const top = y - SIZES.height / 2;
  const figure = seal(node.assembly, 52);
  figure.setAttribute('x', String(left + 14));
  figure.setAttribute('y', String(top + 16));
  return s('g', {
    class: `node node-${toneOf(node.state)}`, role: 'button', tabindex: '0',
    'aria-pressed': 'false',
    on: {
      click: choose,
      keydown: (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        choose();
      },
    },
  },
  s('rect', {x: left, y: top, width: SIZES.width, height: SIZES.height, rx: 12}),
  figure,
  s('text', {x: left + 78, y: top + 31, class: 'node-title'},
      shorten(node.title, 23)),
  s('text', {x: left + 78, y: top + 50, class: 'node-line'},
      shorten(node.line, 26)),
  s('text', {x: left + 78, y: top + 67, class: 'node-digest'},
      shortDigest(node.assembly)));
}

/** Up to the first parent, down to the first child, sideways to a neighbour. */
function moveFocus(event, placed, groups) {
  const current = placed.find(
      ({node}) => groups.get(node.id) === event.target);
  const moves = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]};
  const move = moves[event.key];
  if (current === undefined || move === undefined) return;
  event.preventDefault();
  const ahead = placed.filter(({x, y}) => (move[1] !== 0 ?
    Math.sign(y - current.y) === move[1] :
    y === current.y && Math.sign(x - current.x) === move[0]));
  ahead.sort((a, b) => Math.hypot(a.x - current.x, a.y - current.y) -
      Math.hypot(b.x - current.x, b.y - current.y));
  if (ahead.length > 0) groups.get(ahead[0].node.id).focus();
}

function nodePanel(node, contents) {
  const {json} = node;
  const receipt = contents.receipts.find(
      (document) => document.json.output.digest === json.artifact_digest ||
          document.json.output.digest === json.model_digest);
  const {decision, sidecars, baselines} = contents;
  const evidence = [...sidecars, ...baselines].filter(
      (document) => document.json.assembly_digest === json.artifact_digest);
  return card(node.label,
      h('p', null, badge(toneOf(node.state), node.state), ' ',
          node.isRelease ? 'This release.' : 'An ancestor of this release.'),
      facts([
        ['Node', digest(json.id)],
        [term('assembly'), digest(json.artifact_digest)],
        ['Model file', digest(json.model_digest)],
        json.adapter_digests.length === 0 ? null :
          [term('adapter', 'adapters'), json.adapter_digests.map((each) => digest(each))],
        [term('operator'), `${json.operator} ${json.operator_version}`],
        ['Made by', json.created_by],
        ['Family', json.base_family],
        ['Storage', json.quantization],
        ['Licences', json.licenses.map(({name}) => name).join(', ') || 'none'],
        ['Terms', json.terms.length === 0 ? 'none above the least' :
          json.terms.map(({scale, level}) => `${scale}: ${level}`).join(', ')],
        node.missingParents.length === 0 ? null :
          ['Parents elsewhere', node.missingParents.map((each) => digest(each))],
      ]),
      h('h4', null, 'Evidence and gate'),
      evidence.length === 0 ? h('p', {class: 'nothing'}, 'No evidence on it is in this packet.') :
        h('ul', {class: 'plain-list'}, evidence.map(({json: sidecar}) => h('li', null,
            badge(sidecar.passed ? 'good' : 'warn',
                `${sidecar.totals.passed} of ${sidecar.totals.cases}`),
            ` on suite ${sidecar.suite.name}`,
            sidecars.some((each) => each.json === sidecar) ? '' : ', as the baseline'))),
      node.isRelease ? h('p', null, badge(
          decision.json.verdict === 'PASS' ? 'good' : 'bad', decision.json.verdict),
      ` by policy ${decision.json.policy.name} ${decision.json.policy.version}: `,
      decision.json.action) : null,
      details('The node’s record', () => jsonText(json)),
      receipt && details('The operator’s receipt', () => jsonText(receipt.json)));
}
