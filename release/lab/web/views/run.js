// The model at work: preflight, loading, adapters, prompt, sampling, text.

import {announce, h, replace} from '../dom.js';
import {MODULE_BYTES} from '../session.js';
import {formatBytes, formatCount, plural} from '../text/format.js';
import {
  badge, button, card, details, facts, failurePanel, field, jsonText,
  progressBar, table, term,
} from './parts.js';

const MAX_ADAPTER_BYTES = 2 ** 30;
const MAX_TOKENS = 4096;

/** @param {import('../session.js').Session} session */
export function runView(session) {
  const body = h('div', {class: 'stack'});
  let shown = null;
  session.store.watch(['packet'], ({packet}) => {
    if (packet?.id === shown) return;
    shown = packet?.id ?? null;
    replace(body, packet === null ? null : runBody(session, packet.contents));
  });
  return body;
}

function runBody(session, contents) {
  return [
    failureSlot(session),
    h('div', {class: 'columns'}, memoryCard(session, contents), adapterCard(session, contents)),
    generateCard(session, contents),
    diagnosticsCard(session),
  ];
}

function failureSlot(session) {
  const slot = h('div', {class: 'slot'});
  session.store.watch(['engineFailure'], ({engineFailure}) => {
    replace(slot, engineFailure === null ? null : failurePanel(engineFailure,
        ['worker-crash', 'out-of-memory', 'cancelled'].includes(engineFailure.kind) &&
          button('Load the model again', () => session.loadModel(), {kind: 'primary'}),
        button('Dismiss', () => session.store.set({engineFailure: null}),
            {kind: 'quiet'})));
  });
  return slot;
}

const STATUS = {
  empty: ['quiet', 'not loaded'],
  loading: ['busy', 'loading'],
  ready: ['good', 'loaded'],
  generating: ['busy', 'writing'],
  evaluating: ['busy', 'running a suite'],
  crashed: ['bad', 'ended'],
};

function memoryCard(session, contents) {
  const needs = session.memoryNeeds();
  const total = session.memoryNeed();
  const answer = h('p', {class: 'answer', 'aria-live': 'polite'});
  const progress = progressBar('Loading the model');
  progress.element.hidden = true;
  const status = h('span');
  const load = button('Load the model', () => session.loadModel(), {kind: 'primary'});
  const stop = button('Cancel', () => session.stop());
  const check = button('Try the memory', async () => {
    const result = await session.step(() => session.preflight());
    if (result === undefined) return;
    replace(answer, result.fits ?
      [badge('good', 'It fits'), ` ${formatBytes(result.needBytes)} of ${
        formatBytes(result.limitBytes)} were given and handed back.`] :
      [badge('bad', 'It does not fit'), ` It needs ${
        formatBytes(result.needBytes)}; at most ${
        formatBytes(result.limitBytes)} can be had.`]);
  });
  session.store.watch(['engine'], ({engine}) => {
    const loading = engine.status === 'loading';
    const busy = loading || ['generating', 'evaluating'].includes(engine.status);
    replace(status, badge(...STATUS[engine.status]));
    progress.element.hidden = !loading;
    stop.hidden = !loading;
    load.disabled = busy;
    check.disabled = busy;
    load.textContent = engine.status === 'ready' ? 'Load it again' : 'Load the model';
    if (!loading || engine.progress === null) return;
    const {done, total: size} = engine.progress;
    progress.update(done, size, `Hashing while it loads: ${
      formatBytes(done)} of ${formatBytes(size)}`);
  });
  return card('Memory and model',
      h('p', null, status, ' ', term('preflight'), `: it needs at least ${
        formatBytes(total)} of the ${formatBytes(MODULE_BYTES)} that a module can have.`),
      memoryBar(total),
      table('What the model needs', ['Part', 'Bytes'],
          needs.map(([name, bytes]) => [name, formatCount(bytes)]), {numeric: [1]}),
      answer, progress.element,
      h('div', {class: 'actions'}, load, stop, check),
      moduleChoice(session, contents));
}

function memoryBar(total) {
  const bar = h('meter', {
    class: 'memory-meter', min: 0, max: MODULE_BYTES,
    'aria-label': 'Share of the memory a module can have',
  });
  bar.value = total;
  return bar;
}

function moduleChoice(session, contents) {
  const has = contents.layers.some(
      ({file_path}) => file_path === 'runtimes/wasm32/pedigree.wasm');
  if (!has) return null;
  const option = (value, text) => {
    const input = h('input', {
      type: 'radio', name: 'module', value, checked: value === 'lab',
      on: {change: () => session.useModule(value)},
    });
    return h('label', {class: 'choice'}, input, h('span', null, text));
  };
  return details('Which runtime', () => h('fieldset', {class: 'choices'},
      h('legend', null, 'The model runs in'),
      option('lab', 'the lab’s own runtime'),
      option('packet', 'the runtime that is in the packet'),
      h('p', {class: 'hint'}, 'Both are WebAssembly modules that ask for nothing ' +
        'from the browser: they compute, and can neither read files nor reach a ' +
        'network. Changing it unloads the model.')));
}

function adapterCard(session, contents) {
  const list = h('div', {class: 'adapter-list'});
  const answer = h('p', {class: 'answer', 'aria-live': 'polite'});
  const recorded = contents.adapterManifests
      .map(({json}, i) => ({json, filePath: `adapters/${i}.adp`}))
      .filter(({filePath}) =>
        contents.layers.some(({file_path}) => file_path === filePath));
  const reset = button('Reset to the base model', () => session.resetAdapters());
  const bytesOf = async (filePath) =>
    new Uint8Array(await (await session.file(filePath)).arrayBuffer());
  const validate = async (name, bytes) => {
    replace(answer);
    if (await session.validateAdapter(bytes)) {
      replace(answer, badge('good', 'It fits'), ` ${name} could be applied now.`);
    }
  };
  const own = ownAdapter(session, validate);
  session.store.watch(['engine'], ({engine}) => {
    const ready = engine.status === 'ready';
    replace(list, recorded.map(({json, filePath}) => {
      const applied = engine.adapters.includes(filePath);
      return h('div', {class: 'adapter'},
          h('div', null, h('strong', null, `${json.name} ${json.version}`), ' ',
              badge(applied ? 'good' : 'quiet', applied ? 'applied' : 'not applied'),
              h('p', {class: 'hint'}, `${json.family}, ${
                formatBytes(Number(json.file_bytes))}, changes ${
                plural(json.tensors.length, 'tensor')}`)),
          h('div', {class: 'actions'},
              button('Validate', async () => validate(json.name, await bytesOf(filePath)),
                  {disabled: !ready || applied,
                    'aria-label': `Validate ${json.name}`}),
              button('Apply', () => session.applyAdapter(filePath),
                  {disabled: !ready || applied, 'aria-label': `Apply ${json.name}`})));
    }), engine.adapters.filter((name) => name.startsWith('own:')).map(
        (name) => h('div', {class: 'adapter'}, h('div', null,
            h('strong', null, name.slice(4)), ' ', badge('warn', 'applied, your own')))));
    reset.disabled = !ready || engine.adapters.length === 0;
    own.enable(ready);
  });
  return card('Adapters',
      h('p', null, 'An ', term('adapter'), ' changes a few tensors. Loading ' +
        'applies those of the release, in order; reset them to see what the base ' +
        'model does without.'),
      recorded.length === 0 && h('p', {class: 'nothing'},
          'This release has no adapters that are applied at run time.'),
      list, answer,
      h('div', {class: 'actions'}, reset), own.element);
}

/** An adapter of the reader's own. */
function ownAdapter(session, validate) {
  const input = h('input', {type: 'file', accept: '.adp,.adapter'});
  const read = async () => {
    const [file] = input.files;
    if (file === undefined || file.size > MAX_ADAPTER_BYTES) return null;
    return {name: file.name, bytes: new Uint8Array(await file.arrayBuffer())};
  };
  const check = button('Validate it', async () => {
    const adapter = await read();
    if (adapter !== null) await validate(adapter.name, adapter.bytes);
  });
  const apply = button('Apply it', async () => {
    const adapter = await read();
    if (adapter !== null) {
      await session.applyOwnAdapter(`own:${adapter.name}`, adapter.bytes);
    }
  });
  const element = details('An adapter of your own', () => h('div', {class: 'stack-small'},
      field('Adapter file', input,
          'It never leaves this page. Evidence is always made with the ' +
          'packet’s adapters only.'),
      h('div', {class: 'actions'}, check, apply)));
  return {
    element,
    enable(ready) {
      check.disabled = !ready;
      apply.disabled = !ready;
    },
  };
}

/** The start of a case, which the model is sure to know something about. */
function firstPrompt(contents) {
  for (const {json} of contents.suites) {
    const found = json.cases.find(({max_new_tokens}) => max_new_tokens > 8) ??
        json.cases[0];
    if (found !== undefined) return found.prompt;
  }
  return '';
}

function generateCard(session, contents) {
  const prompt = h('textarea', {
    rows: 3, spellcheck: 'false', value: firstPrompt(contents)});
  const sampling = samplingControls();
  const output = outputBox();
  const go = button('Write', start, {kind: 'primary'});
  const stop = button('Stop', () => session.stop());
  const clear = button('Clear', () => output.clear(), {kind: 'quiet'});
  stop.hidden = true;
  async function start() {
    if (session.state.engine.status !== 'ready') await session.loadModel();
    if (session.state.engine.status !== 'ready') return;
    output.begin(prompt.value);
    const began = performance.now();
    const done = await session.generate(prompt.value, {
      sampling: sampling.value(), maxNewTokens: sampling.maxNewTokens(),
      onToken: (bytes) => output.add(bytes),
    });
    const seconds = (performance.now() - began) / 1000;
    const reason = done ? (await session.diagnostics())?.state?.stop_reason : null;
    output.end(reason ?? 'cancelled', seconds);
  }
  session.store.watch(['engine'], ({engine}) => {
    const writing = engine.status === 'generating';
    go.disabled = !['ready', 'empty', 'crashed'].includes(engine.status);
    go.textContent = engine.status === 'ready' || writing ? 'Write' : 'Load and write';
    stop.hidden = !writing;
  });
  const form = h('form', {class: 'generate', on: {submit: (event) => event.preventDefault()}},
      field('Prompt', prompt, `The model’s context holds ${
        contents.modelManifest.json.shape.max_context} tokens, prompt and answer together.`),
      sampling.element,
      h('div', {class: 'actions'}, go, stop, clear));
  prompt.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !go.disabled) go.click();
  });
  return card('Let it write', h('div', {class: 'columns columns-write'}, form, output.element));
}

function numberInput(attributes) {
  return h('input', {type: 'number', inputmode: 'decimal', ...attributes});
}

function samplingControls() {
  const temperature = numberInput({min: 0, max: 10, step: 0.1, value: 0});
  const topK = numberInput({min: 1, max: 1024, step: 1, value: 40});
  const topP = numberInput({min: 0.01, max: 1, step: 0.01, value: 1});
  const seed = numberInput({min: 0, step: 1, value: 1});
  const most = numberInput({min: 1, max: MAX_TOKENS, step: 1, value: 64});
  const within = (input, otherwise) =>
    (input.value !== '' && input.validity.valid ? Number(input.value) : otherwise);
  return {
    element: h('div', {class: 'sampling'},
        field('Tokens at most', most),
        field('Temperature', temperature),
        field('Top k', topK), field('Top p', topP), field('Seed', seed),
        h('p', {class: 'hint sampling-hint'}, term('temperature'), ' 0 always takes the likeliest ' +
          'token; then ', term('topK'), ', ', term('topP'), ' and ', term('seed'), ' change nothing.')),
    maxNewTokens: () => within(most, 64),
    value() {
      const free = within(temperature, 0);
      return free === 0 ? {temperature: 0} : {
        temperature: free, topK: within(topK, 40), topP: within(topP, 1),
        seed: BigInt(Math.trunc(within(seed, 1))),
      };
    },
  };
}

/** Text as it comes, gathered once a frame. */
function outputBox() {
  const asked = h('span', {class: 'asked'});
  const written = h('span', {class: 'written'});
  const text = h('p', {class: 'output-text', lang: '', dir: 'auto'}, asked, written);
  const empty = h('p', {class: 'nothing'}, 'What the model writes appears here, token by token.');
  const note = h('p', {class: 'hint'});
  const element = h('div', {
    class: 'output', role: 'region', 'aria-label': 'What the model wrote', tabindex: '0',
  }, empty, text, note);
  let decoder = new TextDecoder();
  let pending = '';
  let tokens = 0;
  let frame = 0;
  const flush = () => {
    frame = 0;
    written.append(pending);
    pending = '';
    element.scrollTop = element.scrollHeight;
  };
  return {
    element,
    begin(prompt) {
      decoder = new TextDecoder();
      tokens = 0;
      asked.textContent = prompt;
      written.textContent = '';
      note.textContent = '';
      empty.hidden = true;
      element.classList.add('is-writing');
    },
    add(bytes) {
      tokens += 1;
      pending += decoder.decode(bytes, {stream: true});
      frame ||= requestAnimationFrame(flush);
    },
    end(reason, seconds) {
      pending += decoder.decode();
      flush();
      element.classList.remove('is-writing');
      const rate = seconds > 0 ? `, ${(tokens / seconds).toFixed(0)} a second` : '';
      note.textContent = `${plural(tokens, 'token')}${rate}; ended by ${
        reason.replace('-', ' ')}.`;
      announce(`The model wrote: ${written.textContent.slice(0, 400)}`);
    },
    clear() {
      asked.textContent = '';
      written.textContent = '';
      note.textContent = '';
      empty.hidden = false;
    },
  };
}

function diagnosticsCard(session) {
  const body = h('div', {class: 'stack-small'});
  const show = button('Read the diagnostics', async () => {
    const json = await session.diagnostics();
    if (json === undefined) return;
    const {counted, measured, state} = json;
    replace(body,
        counted && facts([
          [term('counted', 'counted: reads per token'),
            formatBytes(Number(counted.weight_bytes_per_token))],
          ['Keys and values per token', formatBytes(Number(counted.kv_bytes_per_token))],
          ['Forward passes', formatCount(counted.use.forward_passes)],
          ['Allocated', formatBytes(Number(measured.allocated_bytes))],
          ['Tokens in the context', formatCount(state.kv_length)],
          ['Last error', state.last_error_name],
        ]),
        details('The whole document', () => jsonText(json)));
  });
  session.store.watch(['engine'], ({engine}) => {
    show.disabled = engine.status !== 'ready';
  });
  return card('Diagnostics',
      h('p', null, 'What the runtime says about itself. ', term('counted', 'Counted'),
          ' figures are the same on every machine; a module has no clock, so nothing here is a time.'),
      h('div', {class: 'actions'}, show), body);
}
