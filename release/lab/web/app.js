// The page: its steps, what is dropped on it, and the packet that it opens with.

import {announce, h, replace} from './dom.js';
import {Session} from './session.js';
import {sourceOfFiles, sourceOfUrl, sourcesOfDrop} from './sources.js';
import {claimsView} from './views/claims.js';
import {compareView} from './views/compare.js';
import {evidenceView} from './views/evidence.js';
import {header, isBlocked, navigation, noticeSlot} from './views/frame.js';
import {identityView} from './views/identity.js';
import {lineageView} from './views/lineage.js';
import {recordView} from './views/record.js';
import {runView} from './views/run.js';

const STEPS = [
  {
    id: 'identity', title: 'Identity', view: identityView,
    lead: 'Is this the packet you mean, and is everything in it what it says?',
  },
  {
    id: 'run', title: 'Run', view: runView,
    lead: 'Load the verified model into this browser, change it by its adapters, and let it write.',
  },
  {
    id: 'evidence', title: 'Evidence', view: evidenceView,
    lead: 'What the release was judged by. Make it again and compare the bytes.',
  },
  {
    id: 'lineage', title: 'Lineage', view: lineageView,
    lead: 'Where the model comes from, and what was found out about each ancestor.',
  },
  {
    id: 'claims', title: 'Claims', view: claimsView,
    lead: 'Who vouches for what, and whether they signed it.',
  },
  {
    id: 'record', title: 'Record', view: recordView,
    lead: 'Everything the release stands on, by digest, and what it asks of you.',
  },
  {
    id: 'compare', title: 'Compare', view: compareView,
    lead: 'What changed between this packet and another.',
  },
];

// Scripts and workers come from this site and from nowhere else.
globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL(address) {
    if (new URL(address, document.baseURI).origin === location.origin) return address;
    throw new TypeError(`Refused script: ${address}`);
  },
});

const session = new Session();
session.sourceOfFiles = sourceOfFiles;
session.sourceOfUrl = sourceOfUrl;

/** Opens what a reader picks by an input that nobody sees. */
function picker(attributes) {
  const input = h('input', {
    type: 'file', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true',
    ...attributes,
    on: {change: () => {
      const files = [...input.files];
      input.value = '';
      void session.openWhat(() => sourceOfFiles(files));
    }},
  });
  return input;
}

const fileInput = picker({id: 'pick-file'});
const folderInput = picker({id: 'pick-folder', webkitdirectory: true});
session.chooseFiles = () => fileInput.click();

const openExample = () => {
  location.hash = '#/identity';
  return session.openUrl(session.example.packet, session.example.digest);
};

const navigationParts = navigation(session, STEPS);
const title = h('h2', {id: 'step-title', tabindex: '-1'});
const lead = h('p', {class: 'lead'});
const panels = new Map(STEPS.map(({id, view}) =>
  [id, h('div', {class: `step step-${id}`, hidden: true}, view(session))]));

const emptyHint = h('p', {class: 'nothing'});
session.store.watch(['packet', 'reading', 'failure'], ({reading, failure}) => {
  emptyHint.textContent = reading !== null ? 'This fills when the packet is verified.' :
    failure !== null ? 'The packet did not verify: see Identity.' : 'No packet is open.';
  showPanels();
});

/** The step that is shown, or why there is nothing in it. */
function showPanels() {
  const id = current();
  const {state} = session;
  const isEmpty = id !== 'identity' && (isBlocked(state) || state.packet === null);
  for (const [each, panel] of panels) panel.hidden = each !== id || isEmpty;
  emptyHint.hidden = !isEmpty;
}

function current() {
  const id = location.hash.slice(2);
  return panels.has(id) ? id : 'identity';
}

function showStep({focus}) {
  const id = current();
  const step = STEPS.find((each) => each.id === id);
  showPanels();
  title.textContent = step.title;
  lead.textContent = step.lead;
  document.title = `${step.title} · Pedigree Lab`;
  navigationParts.mark(id);
  if (focus) {
    title.focus({preventScroll: true});
    scrollTo(0, 0);
  }
}

replace(document.getElementById('app'),
    header(session, {
      file: () => fileInput.click(), folder: () => folderInput.click(),
      example: openExample,
      address: (address, expected) => session.openUrl(address, expected),
    }),
    h('div', {class: 'body'}, navigationParts.element,
        h('main', {id: 'main', 'aria-labelledby': 'step-title'},
            h('div', {class: 'step-head'}, title, lead),
            noticeSlot(session), emptyHint, [...panels.values()])),
    h('footer', {class: 'footer'},
        h('p', null, 'Verified, run and compared in this browser. Nothing leaves it.')),
    h('div', {class: 'drop-veil', 'aria-hidden': 'true'},
        h('p', null, 'Drop the packet')),
    h('div', {class: 'pickers'}, fileInput, folderInput));

addEventListener('hashchange', () => showStep({focus: true}));
showStep({focus: false});

/** Files that are dragged over the page, whichever element is below. */
function watchDrops() {
  const veil = document.querySelector('.drop-veil');
  const hasFiles = ({dataTransfer}) => dataTransfer?.types.includes('Files');
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    veil.classList.add('is-shown');
  });
  addEventListener('dragleave', ({relatedTarget}) => {
    if (relatedTarget === null) veil.classList.remove('is-shown');
  });
  addEventListener('drop', (event) => {
    veil.classList.remove('is-shown');
    if (!hasFiles(event)) return;
    event.preventDefault();
    const sources = sourcesOfDrop(event.dataTransfer);
    if (current() === 'compare' && session.state.packet !== null) {
      void session.openOtherWhat(() => sources);
      return;
    }
    void sources.then((list) => {
      location.hash = list.length > 1 ? '#/compare' : '#/identity';
    }, () => {});
    void session.openWhat(() => sources);
  });
}

watchDrops();

/** Works without a network once it was here: this site's own files only. */
async function registerServiceWorker() {
  if (!('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register('service_worker.js');
  } catch {
    // Without one the page needs its server each time, and is otherwise the same.
  }
}

async function begin() {
  const response = await fetch('lab.json');
  session.example = response.ok ? await response.json() : {};
  const asked = new URLSearchParams(location.search);
  const address = asked.get('packet');
  if (address !== null) {
    await session.openUrl(address, asked.get('digest') ?? '');
  } else if (session.example.packet !== undefined) {
    await session.openUrl(session.example.packet, session.example.digest ?? '');
  }
  await registerServiceWorker();
}

begin().catch((error) => {
  announce('The lab could not start.');
  session.failOpen(error, undefined);
});
