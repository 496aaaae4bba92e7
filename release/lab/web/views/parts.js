// Parts that several views use.

import {announce, h, s, uniqueId} from '../dom.js';
import {shortDigest} from '../text/format.js';
import {TERMS} from '../text/terms.js';

/**
 * @param {string} label
 * @param {() => void} onClick
 * @param {{kind?: 'primary'|'plain'|'quiet', [name: string]: any}} [options]
 */
export const button = (label, onClick, {kind = 'plain', ...rest} = {}) =>
  h('button', {type: 'button', class: `button button-${kind}`,
    on: {click: onClick}, ...rest}, label);

/** @param {string} title @param {...any} children */
export function card(title, ...children) {
  const id = uniqueId('card');
  return h('section', {class: 'card', 'aria-labelledby': id},
      h('h3', {id}, title), ...children);
}

/** A word of the project with its sentence behind it. */
export function term(name, text = TERMS[name].word.toLowerCase()) {
  const {word, sentence} = TERMS[name];
  const id = uniqueId('term');
  const popover = h('span', {
    id, class: 'term-popover', popover: 'auto', role: 'note',
  }, h('strong', null, word), ' ', sentence);
  return h('span', {class: 'term-wrap'},
      h('button', {
        type: 'button', class: 'term', popovertarget: id,
      }, text, h('span', {class: 'visually-hidden'}, ' (what is this?)')),
      popover);
}

/** @param {'good'|'warn'|'bad'|'quiet'|'busy'} tone @param {string} text */
export const badge = (tone, text) =>
  h('span', {class: `badge badge-${tone}`},
      h('span', {class: 'badge-mark', 'aria-hidden': 'true'}, MARKS[tone]), text);

const MARKS = {good: '✓', warn: '!', bad: '✕', quiet: '·', busy: '…'};

/** The first digits of a digest, and all of it for who asks. */
export function digest(value, {copy = true} = {}) {
  if (!value) return h('span', {class: 'nothing'}, 'none');
  const code = h('code', {class: 'digest', title: value}, shortDigest(value));
  if (!copy) return code;
  const hint = `Copy ${value}`;
  return h('button', {
    type: 'button', class: 'digest-button', title: hint,
    'aria-label': `${shortDigest(value)}, copy the whole digest`,
    on: {click: () => copyText(value)},
  }, code);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce('Copied.');
  } catch {
    announce('The browser does not let this page copy.');
  }
}

/**
 * A digest as a figure: one ray for each of its bytes. Equal figures do not prove
 * equal digests, but unequal ones are seen at once.
 *
 * @param {string} value "sha256:" and 64 hex digits
 * @param {number} [size] in pixels
 */
export function seal(value, size = 48) {
  const hex = value.replace('sha256:', '');
  const rays = [];
  for (let i = 0; i < 32; ++i) {
    const byte = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16) || 0;
    const angle = i / 32 * 2 * Math.PI - Math.PI / 2;
    const [inner, outer] = [15, 19 + byte / 255 * 27];
    const point = (radius) => [
      (50 + radius * Math.cos(angle)).toFixed(1),
      (50 + radius * Math.sin(angle)).toFixed(1),
    ];
    const [x1, y1] = point(inner);
    const [x2, y2] = point(outer);
    rays.push(s('line', {x1, y1, x2, y2}));
  }
  return s('svg', {
    class: 'seal', viewBox: '0 0 100 100', width: size, height: size,
    'aria-hidden': 'true', focusable: 'false',
  }, s('circle', {cx: 50, cy: 50, r: 9}), rays);
}

/** A text, or a term, that opens with a capital. */
function capital(name) {
  const text = typeof name === 'string' ? document.createTextNode(name) :
    name.querySelector('.term').firstChild;
  text.data = text.data.slice(0, 1).toUpperCase() + text.data.slice(1);
  return typeof name === 'string' ? text : name;
}

/**
 * @param {[any, any][]} rows term and description; null ones are left out
 */
export const facts = (rows) =>
  h('dl', {class: 'facts'}, rows.filter((row) => row !== null).map(
      ([name, value]) => h('div', null, h('dt', null, capital(name)),
          h('dd', null, value))));

/**
 * @param {string} caption said to those who do not see the table's place
 * @param {string[]} headers
 * @param {any[][]} rows
 * @param {{numeric?: number[]}} [options] columns of numbers
 */
export function table(caption, headers, rows, {numeric = []} = {}) {
  const cls = (i) => (numeric.includes(i) ? 'number' : undefined);
  const cell = (content, i) => (i === 0 ?
    h('th', {scope: 'row', role: 'rowheader', class: cls(i)}, content) :
    h('td', {role: 'cell', class: cls(i), 'data-label': headers[i]},
        h('div', null, content)));
  // On a phone the cells of wide tables stand below each other; the roles say that
  // they are a table all the same.
  return h('div', {
    class: 'table-frame', tabindex: '0', role: 'region', 'aria-label': caption,
  }, h('table', {role: 'table', class: headers.length > 2 ? 'stacks' : undefined},
      h('caption', {class: 'visually-hidden'}, caption),
      h('thead', {role: 'rowgroup'}, h('tr', {role: 'row'}, headers.map(
          (header, i) => h('th', {
            scope: 'col', role: 'columnheader', class: cls(i)}, header)))),
      h('tbody', {role: 'rowgroup'},
          rows.map((row) => h('tr', {role: 'row'}, row.map(cell))))));
}

/** @param {string} summary @param {() => any} makeBody when it is opened first */
export function details(summary, makeBody, {open = false} = {}) {
  const body = h('div', {class: 'details-body'});
  const fillOnce = () => {
    if (body.childNodes.length === 0) body.append(...[makeBody()].flat(Infinity).filter(Boolean));
  };
  const element = h('details', {
    open, on: {toggle: () => element.open && fillOnce()},
  }, h('summary', null, summary), body);
  if (open) fillOnce();
  return element;
}

const MAX_JSON_CHARACTERS = 200_000;

/** A document as it is, indented. */
export function jsonText(json) {
  const text = JSON.stringify(json, null, 2);
  const shown = text.length <= MAX_JSON_CHARACTERS ? text :
    `${text.slice(0, MAX_JSON_CHARACTERS)}\n…`;
  return h('pre', {class: 'json', tabindex: '0'}, shown);
}

/**
 * @param {import('../text/failures.js').Failure} failure
 * @param {...any} actions
 */
export function failurePanel(failure, ...actions) {
  const id = uniqueId('failure');
  return h('div', {
    class: failure.kind === 'cancelled' ? 'failure failure-calm' : 'failure',
    role: 'alert', 'data-failure': failure.kind, 'aria-labelledby': id,
  },
  h('h3', {id}, failure.title),
  h('p', null, failure.what),
  failure.next.length > 0 && h('div', {class: 'failure-next'},
      h('h4', null, 'What you can do'),
      h('ul', null, failure.next.map((each) => h('li', null, each)))),
  failure.details?.length > 0 && details(
      failure.details.length === 1 ? 'The exact message' :
        `The exact messages (${failure.details.length})`,
      () => h('ol', {class: 'messages'}, failure.details.slice(0, 200).map(
          (each) => h('li', null, h('code', null, each))))),
  actions.some(Boolean) && h('div', {class: 'actions'}, actions));
}

/**
 * A bar that is told how far something is.
 *
 * @param {string} label
 */
export function progressBar(label) {
  const bar = h('progress', {'aria-label': label, max: 1});
  const text = h('p', {class: 'progress-text'});
  const element = h('div', {class: 'progress'}, text, bar);
  return {
    element,
    /** @param {number} done @param {number} total @param {string} words */
    update(done, total, words) {
      if (total > 0) bar.value = Math.min(1, done / total);
      else bar.removeAttribute('value');
      text.textContent = words;
    },
  };
}

/**
 * A labelled control.
 *
 * @param {any} label a text, or a term
 * @param {any} control
 * @param {string} [hint]
 */
export function field(label, control, hint) {
  control.id ||= uniqueId('field');
  const hintId = `${control.id}-hint`;
  if (hint) control.setAttribute('aria-describedby', hintId);
  return h('div', {class: 'field'},
      h('label', {htmlFor: control.id}, label), control,
      hint && h('p', {class: 'hint', id: hintId}, hint));
}
