// The evidence as recorded, made again here, and what the gate made of it.

import {h, replace} from '../dom.js';
import {rederivations} from '../packet/evidence.js';
import {formatCount, formatRate, plural} from '../text/format.js';
import {
  badge, button, card, details, digest, facts, failurePanel, jsonText,
  progressBar, seal, table, term,
} from './parts.js';

const MAX_TEXT = 300;
const short = (text) =>
  (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`);

/** @param {import('../session.js').Session} session */
export function evidenceView(session) {
  const body = h('div', {class: 'stack'});
  let shown = null;
  session.store.watch(['packet'], ({packet}) => {
    if (packet?.id === shown) return;
    shown = packet?.id ?? null;
    replace(body, packet === null ? null : evidenceBody(session, packet.contents));
  });
  return body;
}

function evidenceBody(session, contents) {
  const items = rederivations(contents);
  const all = button('Make all of it again here', () => session.rederiveAll(),
      {kind: 'primary'});
  const stop = button('Stop', () => session.stop());
  session.store.watch(['engine'], ({engine}) => {
    const busy = ['loading', 'generating', 'evaluating'].includes(engine.status);
    all.disabled = busy;
    stop.hidden = engine.status !== 'evaluating' && engine.status !== 'loading';
  });
  return [
    h('section', {class: 'card lead-card', 'aria-labelledby': 'rederive-title'},
        h('h3', {id: 'rederive-title'}, 'Do not believe it: make it again'),
        h('p', null, 'To ', term('rederive', 're-derive'), ' runs the packet’s own ',
            term('suite', 'suites'), ' on its model in this browser, and compares the ',
            term('sidecar'), ' byte for byte with the recorded one.'),
        h('div', {class: 'actions'}, all, stop)),
    items.map((item) => evidenceItem(session, contents, item)),
    gateCard(contents),
    scorecardCard(contents),
  ];
}

function evidenceItem(session, contents, item) {
  const result = h('div', {class: 'slot'});
  const again = button('Make it again', () => session.rederive(item), {
    'aria-label': `Make it again: ${titleOfItem(item)}`});
  const progress = progressBar(`Running suite ${item.suite}`);
  const update = ({evidence, engine}) => {
    const state = evidence[item.filePath];
    const busy = ['loading', 'generating', 'evaluating'].includes(engine.status);
    again.disabled = busy || item.obstacle !== '';
    if (state?.state === 'running') {
      const {done = 0, total = 0} =
          engine.status === 'evaluating' ? engine.progress ?? {} : {};
      progress.update(done, total, engine.status === 'loading' ?
        'Loading the model' : total > 0 ? `Case ${done} of ${total}` :
        `Running ${plural(item.caseCount, 'case')}`);
      if (!result.contains(progress.element)) replace(result, progress.element);
      return;
    }
    if (state === result.state) return;
    result.state = state;
    replace(result, itemResult(session, item, state));
  };
  session.store.watch(['evidence', 'engine'], update);
  const document = [...contents.sidecars, ...contents.baselines].find(
      ({filePath}) => filePath === item.filePath);
  return itemCard(item, document, again, result);
}

const titleOfItem = ({kind, suite}) =>
  (kind === 'baseline' ? `Suite ${suite}, the baseline` : `Suite ${suite}`);

function itemCard(item, document, again, result) {
  const {json} = document;
  const title = titleOfItem(item);
  return card(title,
      h('p', null, badge(json.passed ? 'good' : 'warn',
          `${json.totals.passed} of ${json.totals.cases} passed`), ' ',
      item.kind === 'baseline' ? [term('baseline'), ' that the candidate is compared with'] :
        'on this release', `, pass rate ${formatRate(json.pass_rate)} (95 % interval ${
        formatRate(json.interval.lower)} to ${formatRate(json.interval.upper)}).`),
      pair(document.digest, null),
      result,
      item.obstacle !== '' && h('p', {class: 'obstacle'},
          badge('warn', 'Not here'), ` ${item.obstacle}`),
      h('div', {class: 'actions'}, again),
      details(`The cases (${formatCount(item.caseCount)})`,
          () => caseTable(title, json.cases, item.caseCount)));
}

/** Two digests side by side, the second once it is known. */
function pair(recorded, made) {
  const side = (title, value) => h('div', {class: 'pair-side'},
      value ? seal(value, 64) : h('span', {class: 'seal-empty', 'aria-hidden': 'true'}),
      h('div', null, h('p', {class: 'eyebrow'}, title),
          value ? digest(value) : h('p', {class: 'nothing'}, 'not yet')));
  const relation = made === null ? '' : made === recorded ? '=' : '≠';
  return h('div', {class: 'pair'}, side('Recorded', recorded),
      h('span', {
        class: relation === '≠' ? 'pair-sign pair-differs' : 'pair-sign',
        'aria-hidden': 'true',
      }, relation || '·'),
      side('Made here', made));
}

function itemResult(session, item, state) {
  if (state === undefined) return null;
  if (state.state === 'failed') {
    return failurePanel(state.failure,
        button('Try again', () => session.rederive(item), {kind: 'primary'}));
  }
  const {comparison} = state;
  const {same, recordedDigest, rederivedDigest, differingCases, cases, fields} =
      comparison;
  return h('div', {class: 'rederived', 'data-same': String(same)},
      pair(recordedDigest, rederivedDigest),
      h('p', {class: 'rederived-words'}, same ?
        [badge('good', 'The same bytes'),
          ' This browser made the very evidence that is recorded.'] :
        [badge('bad', 'Other bytes'),
          ` ${plural(differingCases, 'case')} came out another way here. Either the ` +
          'recorded evidence is not what its model and suite give, or this runtime is ' +
          'of another version: make it again by the runtime that is in the packet.']),
      !same && differences(cases, fields));
}

const shown = (value) => (value === undefined ? 'nothing' :
  typeof value === 'string' ? value : JSON.stringify(value));

const member = (value) => (/^sha256:[0-9a-f]{64}$/.test(value ?? '') ?
  digest(value) : short(shown(value)));

function differences(cases, fields) {
  return [
    cases.length > 0 && table('Cases that differ',
        ['Case', 'Recorded answer', 'Answer here', 'What differs'],
        cases.map(({id, recorded, rederived, fields: names}) => [
          h('code', null, id), h('q', null, short(recorded?.actual ?? 'nothing')),
          h('q', null, short(rederived?.actual ?? 'nothing')), names.join(', '),
        ])),
    fields.length > 0 && table('Members that differ outside the cases',
        ['Member', 'Recorded', 'Here'], fields.map(({place, a, b}) =>
          [h('code', null, place), member(a), member(b)])),
  ];
}

function caseTable(title, cases, count) {
  return [
    table(`${title}: cases`, ['Case', 'Verdict', 'Expected', 'Answer', 'Scorer', 'Ended by'],
        cases.map((each) => [
          [h('code', null, each.id), each.hard && [' ', h('span', {class: 'tag'}, 'hard')]],
          badge(each.passed ? 'good' : 'bad', each.passed ? 'passed' : 'failed'),
          h('q', null, short(each.expected)), h('q', null, short(each.actual)),
          each.scorer, each.stop_reason,
        ])),
    count > cases.length && h('p', {class: 'hint'},
        `The first ${formatCount(cases.length)} of ${formatCount(count)}.`),
  ];
}

function gateCard({decision, policy}) {
  const {json} = decision;
  return card('The gate',
      h('p', null, badge(json.verdict === 'PASS' ? 'good' : 'bad', json.verdict),
          ' The ', term('gate'), ' applied ', term('policy'),
          ` ${json.policy.name} ${json.policy.version}: ${json.action}, as far as “${
            json.claim_level}”.`),
      table('Figures of the gate',
          ['Suite', 'Passed', 'Rate', 'Floor', 'Baseline', 'Lost', 'Gained', 'p-value'],
          json.suites.map((each) => [
            each.suite, `${each.passed} of ${each.cases}`, formatRate(each.pass_rate),
            formatRate(each.min_pass_rate), formatRate(each.baseline_pass_rate),
            each.lost, each.gained, each.p_value,
          ]), {numeric: [1, 2, 3, 4, 5, 6, 7]}),
      json.reasons.length > 0 && h('ul', null, json.reasons.map((reason) =>
        h('li', null, `${reason.verdict}: ${reason.check} is ${reason.found
        } (required ${reason.required})`))),
      policy.json.resource_caps.length > 0 && h('p', {class: 'hint'},
          `Caps: ${policy.json.resource_caps.map(({counter, max}) =>
            `${counter} at most ${formatCount(max)}`).join(', ')}.`),
      details('The decision’s record', () => jsonText(json)),
      details('The policy', () => jsonText(policy.json)));
}

const BETTER = {higher: 'more is better', lower: 'less is better', '': ''};

function scorecardCard({scorecard}) {
  if (scorecard === null) return null;
  const {fitness, notes} = scorecard.json;
  return card('The scorecard',
      h('p', null, 'The ', term('scorecard'), ' is evidence gathered. Nothing in it is inherited.'),
      table('Figures of the scorecard', ['Figure', 'Value', 'Of', 'Component', 'Sense'],
          fitness.map((each) => [
            each.name.replaceAll('_', ' '), each.value,
            [each.suite, each.detail].filter(Boolean).join(', '), each.component,
            BETTER[each.better],
          ]), {numeric: [1]}),
      notes.length > 0 && facts(notes.map(({topic, text}) => [topic, text])));
}

/** For the navigation. */
export function evidenceStatus({packet, evidence}) {
  if (packet === null) return null;
  const items = rederivations(packet.contents);
  const states = items.map(({filePath}) => evidence[filePath]);
  const same = states.filter((state) => state?.comparison?.same).length;
  if (states.some((state) => state?.comparison?.same === false)) {
    return ['bad', 'differs'];
  }
  if (states.some((state) => state?.state === 'failed')) return ['warn', 'not made'];
  if (states.some((state) => state?.state === 'running')) return ['busy', 'running'];
  if (same === 0) return ['quiet', 'recorded'];
  return [same === items.length ? 'good' : 'quiet', `${same} of ${items.length} same`];
}

