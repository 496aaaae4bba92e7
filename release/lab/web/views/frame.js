// What is always there: the header with the packet's name, the steps, the help.

import {h, replace} from '../dom.js';
import {titleOf} from '../packet/contents.js';
import {shortDigest} from '../text/format.js';
import {TERMS} from '../text/terms.js';
import {claimsStatus} from './claims.js';
import {evidenceStatus} from './evidence.js';
import {badge, button, failurePanel, field, seal} from './parts.js';

/** @param {import('../session.js').Session} session @param {any} pick */
export function header(session, pick) {
  const packet = h('div', {class: 'header-packet'});
  session.store.watch(['packet', 'reading', 'failure'], (state) => {
    replace(packet, headerPacket(state));
  });
  return h('header', {class: 'header'},
      h('a', {class: 'brand', href: '#/identity'},
          h('img', {src: 'icon.svg', alt: '', width: 28, height: 28}),
          h('h1', null, 'Pedigree ', h('em', null, 'Lab'))),
      packet,
      h('div', {class: 'header-actions'},
          openButton(pick), helpButton(), themeButton()));
}

function headerPacket({packet, reading, failure}) {
  if (reading !== null) return badge('busy', `verifying ${reading.label}`);
  if (failure !== null) return badge('bad', failure.title);
  if (packet === null) return null;
  const {contents, expected} = packet;
  return [
    seal(contents.digest, 34),
    h('p', {class: 'header-title'},
        h('strong', null, titleOf(contents)),
        h('code', null, shortDigest(contents.digest))),
    badge(expected ? 'good' : 'warn',
        expected ? 'identity checked' : 'identity not checked'),
  ];
}

function openButton(pick) {
  const menu = h('dialog', {class: 'sheet', 'aria-labelledby': 'open-title'});
  const close = () => menu.close();
  const act = (job) => () => {
    close();
    job();
  };
  const address = h('input', {
    type: 'text', inputmode: 'url', placeholder: 'release/packet.tar.zst',
    autocomplete: 'off', spellcheck: 'false'});
  const expected = h('input', {
    type: 'text', placeholder: 'sha256:… (may be left out)', autocomplete: 'off',
    spellcheck: 'false'});
  menu.append(
      h('h2', {id: 'open-title'}, 'Open a packet'),
      h('p', null, 'Drop one anywhere on this page, or pick it here. It stays in this browser.'),
      h('div', {class: 'open-choices'},
          bigChoice('A packed packet', 'one .tar.zst file', act(pick.file)),
          bigChoice('A packet’s folder', 'with index.json and blobs', act(pick.folder)),
          bigChoice('The example', 'what the lab opened with', act(pick.example))),
      h('form', {class: 'stack-small', on: {submit: (event) => {
        event.preventDefault();
        close();
        pick.address(address.value.trim(), expected.value.trim());
      }}},
      field('Or an address on this site', address,
          'A packed file, or a packet’s folder with a slash at its end.'),
      field('Its digest, if you know it', expected),
      h('div', {class: 'actions'},
          h('button', {type: 'submit', class: 'button button-primary'}, 'Open the address'),
          button('Close', close, {kind: 'quiet'}))));
  const label =
      h('span', null, 'Open', h('span', {class: 'not-on-phones'}, ' a packet'));
  return [button(label, () => menu.showModal(), {kind: 'primary'}), menu];
}

const bigChoice = (title, hint, onClick) =>
  h('button', {type: 'button', class: 'big-choice', on: {click: onClick}},
      h('strong', null, title), h('span', null, hint));

function helpButton() {
  const sheet = h('dialog', {class: 'sheet sheet-wide', 'aria-labelledby': 'help-title'});
  sheet.append(
      h('h2', {id: 'help-title', tabindex: '-1', autofocus: true}, 'What the words mean'),
      h('p', null, 'The lab follows one release from its identity to its evidence. It ' +
        'runs in this browser alone: nothing you open or write is sent anywhere.'),
      h('dl', {class: 'glossary'}, Object.values(TERMS).map(({word, sentence}) =>
        h('div', null, h('dt', null, word), h('dd', null, sentence)))),
      h('div', {class: 'actions'}, button('Close', () => sheet.close(), {kind: 'primary'})));
  return [
    h('button', {
      type: 'button', class: 'button button-quiet icon-button',
      'aria-label': 'Help: what the words mean', on: {click: () => sheet.showModal()},
    }, h('span', {'aria-hidden': 'true'}, '?')), sheet];
}

const THEMES = ['system', 'light', 'dark'];
const THEME_MARKS = {system: '◐', light: '○', dark: '●'};

function themeButton() {
  let theme = document.documentElement.dataset.theme ?? 'system';
  const mark = h('span', {'aria-hidden': 'true'});
  const element = h('button', {
    type: 'button', class: 'button button-quiet icon-button', on: {click: () => {
      set(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
    }}}, mark);
  const set = (next) => {
    theme = next;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    mark.textContent = THEME_MARKS[theme];
    element.setAttribute('aria-label', `Colours: ${theme}. Change`);
    element.title = `Colours: ${theme}`;
    try {
      if (theme === 'system') localStorage.removeItem('theme');
      else localStorage.setItem('theme', theme);
    } catch {
      // Storage may be off; the choice then holds until the page is left.
    }
  };
  set(theme);
  return element;
}

const RUN = {
  empty: ['quiet', 'not loaded'], loading: ['busy', 'loading'],
  ready: ['good', 'loaded'], generating: ['busy', 'writing'],
  evaluating: ['busy', 'evaluating'], crashed: ['bad', 'ended'],
};

/**
 * Whether another packet than the open one is spoken of: nothing else is shown then.
 */
export const isBlocked = ({reading, failure}) => reading !== null || failure !== null;

/** The state of each step in a word. */
const STATUS = {
  identity: ({packet, reading, failure}) => {
    if (reading !== null) return ['busy', 'verifying'];
    if (failure !== null) return ['bad', 'not verified'];
    return packet && ['good', packet.expected ? 'checked' : 'verified'];
  },
  run: ({packet, engine}) => (packet === null ? null : RUN[engine.status]),
  evidence: evidenceStatus,
  lineage: ({packet}) => (packet === null ? null :
    ['quiet', `${1 + packet.contents.ancestors.length} assemblies`]),
  claims: claimsStatus,
  record: ({packet}) => (packet === null ? null :
    ['quiet', packet.contents.record.json.claim_level]),
  compare: ({difference}) => (difference === null ? null :
    [difference.same ? 'good' : 'warn', difference.same ? 'same' : 'differs']),
};

/** @param {import('../session.js').Session} session @param {any[]} steps */
export function navigation(session, steps) {
  const links = new Map();
  const element = h('nav', {class: 'steps', 'aria-label': 'Steps'}, h('ol', null,
      steps.map(({id, title}, i) => {
        const status = h('span', {class: 'step-status'});
        const keys = ['packet', 'reading', 'failure', 'engine', 'evidence', 'claims',
          'difference'];
        session.store.watch(keys, (state) => {
          const now = id !== 'identity' && isBlocked(state) ? null : STATUS[id](state);
          replace(status, now && [
            h('span', {class: `dot dot-${now[0]}`, 'aria-hidden': 'true'}), now[1]]);
        });
        const link = h('a', {href: `#/${id}`},
            h('span', {class: 'step-number', 'aria-hidden': 'true'}, i + 1),
            h('span', {class: 'step-words'},
                h('span', {class: 'step-title'}, title), status));
        links.set(id, link);
        return h('li', null, link);
      })));
  return {
    element,
    /** @param {string} current */
    mark(current) {
      for (const [id, link] of links) {
        if (id === current) {
          link.setAttribute('aria-current', 'page');
          link.scrollIntoView({block: 'nearest', inline: 'center'});
        } else {
          link.removeAttribute('aria-current');
        }
      }
    },
  };
}

/** What stands above every step: what was noticed while reading. */
export function noticeSlot(session) {
  const slot = h('div', {class: 'slot'});
  session.store.watch(['notice'], ({notice}) => {
    replace(slot, notice && failurePanel(notice,
        button('Go on reading', () => session.store.set({notice: null})),
        button('Stop', () => {
          session.store.set({notice: null});
          session.cancelReading();
        }, {kind: 'quiet'})));
  });
  return slot;
}

